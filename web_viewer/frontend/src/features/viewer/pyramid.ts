/** The radiograph at halved sizes, so that a fitted image is averaged instead of thinned out. */

export interface Level {
  width: number;
  height: number;
  values: Uint16Array; // row by row
}

/** Return the mean of each 2 x 2 block; an odd last row or column is left out, as in OpenGL's levels. */
export function halved({ width, height, values }: Level): Level {
  const half = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
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

export class Pyramid {
  private readonly levels: Level[];
  readonly depth: number; // number of the smallest level

  constructor(full: Level) {
    if (full.values.length !== full.width * full.height) {
      throw new RangeError(`expected ${full.width} x ${full.height} values, found ${full.values.length}`);
    }
    this.levels = [full];
    this.depth = Math.max(0, Math.floor(Math.log2(Math.max(full.width, full.height) / 256)));
  }

  /** Return level `number`: 0 is the full image, each next one half as wide. Made when first asked for. */
  level(number: number): Level {
    let last = this.levels.length - 1;
    while (last < number) {
      this.levels.push(halved(this.levels[last] as Level));
      last += 1;
    }
    return this.levels[number] as Level;
  }

  /** Return the number of the smallest level that still has at least one pixel per device pixel. */
  numberFor(scale: number): number {
    const wanted = scale >= 1 ? 0 : Math.floor(Math.log2(1 / scale));
    return Math.min(this.depth, wanted);
  }
}
