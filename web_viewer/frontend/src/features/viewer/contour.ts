/** Outlines of a mask along its pixels' borders. */

import type { Size } from "./geometry";

/** A closed outline as x0, y0, x1, y1, ... in image coordinates: clockwise around pixels, counter-clockwise around holes. */
export type Outline = number[];

// Right, down, left, up; the mask lies on the right hand of the walk.
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;
// From a corner, the pixel ahead on the right hand and on the left hand, by direction.
const RIGHT_X = [0, -1, -1, 0] as const;
const RIGHT_Y = [0, 0, -1, -1] as const;
const LEFT_X = [0, 0, -1, -1] as const;
const LEFT_Y = [-1, 0, 0, -1] as const;

/** Return every outline of the pixels in which `bit` is set; diagonal neighbours count as apart. */
export function outlines(mask: Uint8Array, { width, height }: Size, bit: number): Outline[] {
  const flag = 1 << bit;
  const set = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && ((mask[y * width + x] as number) & flag) !== 0;
  const walked = new Uint8Array(mask.length); // pixels whose upper border was walked
  const found: Outline[] = [];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (((mask[at] as number) & flag) === 0 || walked[at]) continue;
      if (y > 0 && ((mask[at - width] as number) & flag) !== 0) continue;
      found.push(walk(x, y, width, set, walked));
    }
  }
  return found;
}

function walk(
  startX: number,
  startY: number,
  width: number,
  set: (x: number, y: number) => boolean,
  walked: Uint8Array,
): Outline {
  const outline: Outline = [];
  let x = startX;
  let y = startY;
  let direction = 0;
  do {
    if (direction === 0) walked[y * width + x] = 1;
    x += STEP_X[direction] as number;
    y += STEP_Y[direction] as number;
    const turn = turnAt(x, y, direction, set);
    if (turn !== 0) outline.push(x, y);
    direction = (direction + turn + 4) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return outline;
}

/** Return 1 to turn right, 0 to go on, -1 to turn left. */
function turnAt(x: number, y: number, direction: number, set: (x: number, y: number) => boolean): number {
  if (!set(x + (RIGHT_X[direction] as number), y + (RIGHT_Y[direction] as number))) return 1;
  if (!set(x + (LEFT_X[direction] as number), y + (LEFT_Y[direction] as number))) return 0;
  return -1;
}
