/** A mask that is drawn on: strokes, polygons, undo. A byte a pixel, 1 inside. */

import type { DrawnMask } from "../../../lib/model";
import type { Point, Rectangle, Size } from "../geometry";
import { insidePolygon, insideStroke } from "./rasterise";

const MOST_STEPS = 100;

interface Step {
  area: Rectangle;
  before: Uint8Array;
  after: Uint8Array;
}

export class EditableMask {
  private readonly done: Step[] = [];
  private undone: Step[] = [];
  private taken = 0; // steps back from what was there first, less those gone again

  constructor(
    readonly size: Size,
    readonly bits: Uint8Array,
  ) {
    if (bits.length !== size.width * size.height) throw new RangeError("a mask has a byte for each pixel");
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  get changed(): boolean {
    return this.taken > 0;
  }

  /** Draw, or with `inside` false erase, along a line of the given radius in image pixels. */
  stroke(points: readonly Point[], radius: number, inside: boolean): void {
    this.change(insideStroke(points, radius, this.size), inside);
  }

  /** Fill a polygon; parts that it crosses twice are left out. */
  polygon(points: readonly Point[], inside: boolean): void {
    this.change(insidePolygon(points, this.size), inside);
  }

  undo(): void {
    const step = this.done.pop();
    if (!step) return;
    this.put(step.area, step.before);
    this.undone.push(step);
    this.taken -= 1;
  }

  redo(): void {
    const step = this.undone.pop();
    if (!step) return;
    this.put(step.area, step.after);
    this.done.push(step);
    this.taken += 1;
  }

  /** Return the mask as it is sent; null where nothing is inside. */
  drawn(): DrawnMask | null {
    const box = boxAround(this.bits, this.size);
    if (!box) return null;
    const runs: number[] = [];
    let value = 0;
    let length = 0;
    for (let y = box.top; y < box.bottom; y++) {
      for (let at = y * this.size.width + box.left; at < y * this.size.width + box.right; at++) {
        if (this.bits[at] === value) length += 1;
        else {
          runs.push(length);
          value = 1 - value;
          length = 1;
        }
      }
    }
    runs.push(length);
    const { left, top, right, bottom } = box;
    return { left, top, width: right - left, height: bottom - top, runs };
  }

  private change({ area, inside }: Covered, value: boolean): void {
    const before = this.get(area);
    const after = before.slice();
    let same = true;
    for (let i = 0; i < after.length; i++) {
      if (!inside[i] || after[i] === Number(value)) continue;
      after[i] = Number(value);
      same = false;
    }
    if (same) return;
    this.put(area, after);
    this.done.push({ area, before, after });
    if (this.done.length > MOST_STEPS) this.done.shift();
    this.undone = [];
    this.taken += 1;
  }

  private get({ left, top, right, bottom }: Rectangle): Uint8Array {
    const copy = new Uint8Array((right - left) * (bottom - top));
    for (let y = top, at = 0; y < bottom; y++, at += right - left) {
      copy.set(this.bits.subarray(y * this.size.width + left, y * this.size.width + right), at);
    }
    return copy;
  }

  private put({ left, top, right, bottom }: Rectangle, values: Uint8Array): void {
    const width = right - left;
    for (let y = top, at = 0; y < bottom; y++, at += width) {
      this.bits.set(values.subarray(at, at + width), y * this.size.width + left);
    }
  }
}

export interface Covered {
  area: Rectangle;
  inside: Uint8Array; // row by row of `area`
}

/** Return one finding's mask out of the overlay's bits; an empty one where there is no overlay. */
export function maskOfBit(overlay: Uint8Array | null, bit: number, size: Size): Uint8Array {
  const bits = new Uint8Array(size.width * size.height);
  if (!overlay) return bits;
  for (let i = 0; i < bits.length; i++) bits[i] = ((overlay[i] as number) >> bit) & 1;
  return bits;
}

/** Return the overlay with one finding's mask replaced. */
export function withMask(overlay: Uint8Array | null, bit: number, mask: Uint8Array): Uint8Array {
  const merged = new Uint8Array(mask.length);
  const others = 0xff & ~(1 << bit);
  for (let i = 0; i < mask.length; i++) {
    merged[i] = ((overlay ? (overlay[i] as number) : 0) & others) | ((mask[i] as number) << bit);
  }
  return merged;
}

function boxAround(bits: Uint8Array, { width, height }: Size): Rectangle | null {
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let y = 0; y < height; y++) {
    const row = bits.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(1) + 1);
    top = Math.min(top, y);
    bottom = y + 1;
  }
  return right > left ? { left, top, right, bottom } : null;
}
