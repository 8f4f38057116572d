/** Outlines of a mask along its pixels' borders. */

import type { Size } from "./geometry";

/** A closed outline as x0, y0, x1, y1, ... in image coordinates: clockwise around pixels, counter-clockwise around holes. */
export type Outline = number[];

const BITS = 8;

// Right, down, left, up; the mask lies on the right hand of the walk.
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;
// From a corner, the pixel ahead on the right hand and on the left hand, by direction.
const RIGHT_X = [0, -1, -1, 0] as const;
const RIGHT_Y = [0, 0, -1, -1] as const;
const LEFT_X = [0, 0, -1, -1] as const;
const LEFT_Y = [-1, 0, 0, -1] as const;

/**
 * Return the outlines of every bit's pixels, by the number of the bit; diagonal neighbours count as apart.
 *
 * `mask` holds one byte per pixel, row by row.
 */
export function outlines(mask: Uint8Array, { width, height }: Size): Outline[][] {
  const found: Outline[][] = Array.from({ length: BITS }, () => []);
  const walked = new Uint8Array(mask.length); // by bit: pixels whose upper border was walked
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const bits = mask[at] as number;
      if (bits === 0) continue;
      const above = y > 0 ? (mask[at - width] as number) : 0;
      const starts = bits & ~above;
      for (let bit = 0; starts >> bit !== 0; bit++) {
        if (((starts & ~(walked[at] as number)) >> bit) & 1) {
          found[bit]?.push(walk({ mask, width, height, flag: 1 << bit, walked }, x, y));
        }
      }
    }
  }
  return found;
}

interface Ground {
  mask: Uint8Array;
  width: number;
  height: number;
  flag: number; // the bit that is walked around
  walked: Uint8Array;
}

function walk(ground: Ground, startX: number, startY: number): Outline {
  const { width, flag, walked } = ground;
  const outline: Outline = [];
  let x = startX;
  let y = startY;
  let direction = 0;
  do {
    if (direction === 0) walked[y * width + x] = (walked[y * width + x] as number) | flag;
    x += STEP_X[direction] as number;
    y += STEP_Y[direction] as number;
    const turn = turnAt(ground, x, y, direction);
    if (turn !== 0) outline.push(x, y);
    direction = (direction + turn + 4) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return outline;
}

/** Return 1 to turn right, 0 to go on, -1 to turn left. */
function turnAt(ground: Ground, x: number, y: number, direction: number): number {
  if (!isSet(ground, x + (RIGHT_X[direction] as number), y + (RIGHT_Y[direction] as number))) return 1;
  if (!isSet(ground, x + (LEFT_X[direction] as number), y + (LEFT_Y[direction] as number))) return 0;
  return -1;
}

const isSet = ({ mask, width, height, flag }: Ground, x: number, y: number): boolean =>
  x >= 0 && y >= 0 && x < width && y < height && ((mask[y * width + x] as number) & flag) !== 0;
