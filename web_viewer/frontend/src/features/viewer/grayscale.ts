/** The VOI step of the grayscale chain (DICOM PS3.3 C.11.2.1.2), as a table from wire value to 8-bit grey. */

import type { VoiFunction } from "../../lib/model";

export interface Window {
  center: number;
  width: number;
  shape: VoiFunction;
}

/** How a wire value becomes the modality value that a window is stated in: value * slope + offset. */
export interface ModalityScale {
  slope: number;
  offset: number;
}

export const TABLE_LENGTH = 65_536;

/** Return the grey of modality value `x`, from 0 to 1, before rounding. */
export function voi(x: number, { center, width, shape }: Window): number {
  switch (shape) {
    case "LINEAR": {
      const half = (width - 1) / 2;
      if (x <= center - 0.5 - half) return 0;
      if (x > center - 0.5 + half) return 1;
      return (x - (center - 0.5)) / (width - 1) + 0.5;
    }
    case "LINEAR_EXACT":
      if (x <= center - width / 2) return 0;
      if (x > center + width / 2) return 1;
      return (x - center) / width + 0.5;
    case "SIGMOID":
      return 1 / (1 + Math.exp((-4 * (x - center)) / width));
  }
}

/** The least width that the standard allows: 1 for LINEAR, anything above 0 for the others. */
export function allowedWidth(width: number, shape: VoiFunction): number {
  return shape === "LINEAR" ? Math.max(1, width) : Math.max(1e-3, width);
}

/**
 * Return 65,536 greys (0 to 255), one for each wire value.
 *
 * `inverted` gives the lowest value white, as MONOCHROME1 asks (PS3.3 C.7.6.3.1.2).
 */
export function greyTable(window: Window, scale: ModalityScale, inverted: boolean): Uint8ClampedArray {
  const table = new Uint8ClampedArray(TABLE_LENGTH);
  const usable = { ...window, width: allowedWidth(window.width, window.shape) };
  for (let wire = 0; wire < TABLE_LENGTH; wire++) {
    const grey = voi(wire * scale.slope + scale.offset, usable);
    table[wire] = 255 * (inverted ? 1 - grey : grey);
  }
  return table;
}

/** Return `window` after a drag by (dx, dy), in fractions of the image's range: right is wider, down is darker. */
export function draggedWindow(window: Window, dx: number, dy: number, range: number): Window {
  return {
    ...window,
    width: allowedWidth(window.width + dx * range, window.shape),
    center: window.center + dy * range,
  };
}
