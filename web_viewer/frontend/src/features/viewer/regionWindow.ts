/** The window that shows what lies in a rectangle. Pure. */

import type { RadiographHeader } from "../../lib/model";
import type { Point, Rectangle, Size } from "./geometry";
import { allowedWidth, type Window } from "./grayscale";

const TAIL = 0.01; // of the values at each end: a bright marker or a dead pixel shall not decide
const LEAST_SIDE = 3; // image pixels

/** Return the whole pixels between two corners, within the image. */
export function rectangleBetween(one: Point, other: Point, image: Size): Rectangle {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
  return {
    left: within(Math.min(one.x, other.x), image.width),
    top: within(Math.min(one.y, other.y), image.height),
    right: within(Math.max(one.x, other.x), image.width),
    bottom: within(Math.max(one.y, other.y), image.height),
  };
}

/** Return a window from the region's first to its last hundredth of values; null where it is too small. */
export function windowOfRegion(
  pixels: Uint16Array,
  header: Pick<RadiographHeader, "columns" | "slope" | "offset" | "voi_function">,
  { left, top, right, bottom }: Rectangle,
): Window | null {
  if (right - left < LEAST_SIDE || bottom - top < LEAST_SIDE) return null;
  const counts = new Uint32Array(65_536);
  for (let y = top; y < bottom; y++) {
    for (let at = y * header.columns + left; at < y * header.columns + right; at++) {
      const value = pixels[at] as number;
      counts[value] = (counts[value] as number) + 1;
    }
  }
  const total = (right - left) * (bottom - top);
  const low = valueAtShare(counts, total * TAIL) * header.slope + header.offset;
  const high = valueAtShare(counts, total * (1 - TAIL)) * header.slope + header.offset;
  const shape = header.voi_function;
  if (shape === "LINEAR")
    return { center: (low + high + 1) / 2, width: allowedWidth(high - low + 1, shape), shape };
  return { center: (low + high) / 2, width: allowedWidth(high - low, shape), shape };
}

function valueAtShare(counts: Uint32Array, wanted: number): number {
  let seen = 0;
  for (let value = 0; value < counts.length; value++) {
    seen += counts[value] as number;
    if (seen > wanted) return value;
  }
  return counts.length - 1;
}
