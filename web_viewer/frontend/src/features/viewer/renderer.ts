/** The one interface behind which a radiograph and its overlay are drawn. */

import type { Placement } from "./geometry";
import type { SegmentStyle } from "./overlayStyle";
import type { Pyramid } from "./pyramid";

export interface Scene {
  placement: Placement;
  table: Uint8ClampedArray; // grey of each wire value, see greyTable; a new window is a new array
  segments: readonly SegmentStyle[];
  pixelRatio: number; // device pixels per CSS pixel: outlines keep their width on any screen
}

export interface RadiographRenderer {
  readonly kind: "webgl2" | "canvas2d";
  setRadiograph(pyramid: Pyramid): void;
  /** `mask`: one byte per pixel of the radiograph, bit (segment number - 1) per finding. */
  setOverlay(mask: Uint8Array | null): void;
  draw(scene: Scene): void;
  dispose(): void;
}

export const OUTLINE_WIDTH = 1.5; // CSS pixels
export const EMPHASISED_WIDTH = 2.5;
export const DASH = 6; // CSS pixels on, and as many off
