/** The radiograph at halved sizes, so that a fitted image is averaged instead of thinned out. */

import type { Size } from "./geometry";

export interface Level extends Size {
  values: Uint16Array; // row by row
}

const halfOf = ({ width, height }: Size): Size => ({
  width: Math.max(1, width >> 1),
  height: Math.max(1, height >> 1),
});

/** Return the mean of each 2 x 2 block; an odd last row or column is left out, as in OpenGL's levels. */
export function halved({ width, height, values }: Level): Level {
  const half = halfOf({ width, height });
  const means = new Uint16Array(half.width * half.height);
  const right = width > 1 ? 1 : 0;
  const below = height > 1 ? width : 0;
  for (let y = 0, out = 0; y < half.height; y++) {
    let at = y * 2 * width;
    for (let x = 0; x < half.width; x++, at += 2, out++) {
      const sum =
        (values[at] as number) +
        (values[at + right] as number) +
        (values[at + below] as number) +
        (values[at + below + right] as number);
      means[out] = (sum + 2) >> 2;
    }
  }
  return { ...half, values: means };
}

/** Return a level of twice the size, each value four times: a stand-in for what is on its way. */
export function doubled(half: Level, { width, height }: Size): Level {
  const values = new Uint16Array(width * height);
  for (let y = 0, out = 0; y < height; y++) {
    const row = Math.min(y >> 1, half.height - 1) * half.width;
    for (let x = 0; x < width; x++) {
      values[out++] = half.values[row + Math.min(x >> 1, half.width - 1)] as number;
    }
  }
  return { width, height, values };
}

/** A radiograph's levels; number 0 is the whole of it, each next one half as wide. */
export class Pyramid {
  private readonly levels = new Map<number, Level>();
  readonly size: Size;
  readonly depth: number; // number of the smallest level
  isWhole = false; // whether level 0 is what was received; until then it is made of level 1

  private constructor({ width, height }: Size) {
    this.size = { width, height };
    this.depth = Math.max(0, Math.floor(Math.log2(Math.max(width, height) / 256)));
  }

  static of(full: Level): Pyramid {
    const pyramid = new Pyramid(full);
    pyramid.complete(full.values);
    return pyramid;
  }

  /** Return the pyramid of a radiograph of which only level 1 is here; `complete` gives it the rest. */
  static ofHalf(size: Size, values: Uint16Array): Pyramid {
    const pyramid = new Pyramid(size);
    pyramid.levels.set(1, checked({ ...halfOf(size), values }));
    return pyramid;
  }

  complete(values: Uint16Array): void {
    this.levels.set(0, checked({ ...this.size, values }));
    this.isWhole = true;
  }

  /** Return a level; made when first asked for. */
  level(number: number): Level {
    const known = this.levels.get(number);
    if (known) return known;
    const made = number === 0 ? doubled(this.level(1), this.size) : halved(this.level(number - 1));
    this.levels.set(number, made);
    return made;
  }

  /** Return the number of the smallest level that still has at least one pixel per device pixel. */
  numberFor(scale: number): number {
    const wanted = scale >= 1 ? 0 : Math.floor(Math.log2(1 / scale));
    return Math.min(this.depth, wanted);
  }
}

function checked(level: Level): Level {
  const { width, height, values } = level;
  if (values.length !== width * height) {
    throw new RangeError(`expected ${width} x ${height} values, found ${values.length}`);
  }
  return level;
}
