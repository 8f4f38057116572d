import { describe, expect, it } from "vitest";
import { EditableMask, maskOfBit, withMask } from "./editableMask";

const size = { width: 40, height: 30 };
const blank = () => new EditableMask(size, new Uint8Array(1200));
const count = (mask: EditableMask) => mask.bits.reduce((sum, bit) => sum + bit, 0);
const at = (mask: EditableMask, x: number, y: number) => mask.bits[y * size.width + x];

/** What the service makes of a drawn mask, in its own words. */
function decoded(mask: EditableMask): Uint8Array {
  const drawn = mask.drawn();
  const bits = new Uint8Array(1200);
  if (!drawn) return bits;
  let place = 0;
  drawn.runs.forEach((length, index) => {
    for (let i = 0; i < length; i++, place++) {
      const x = drawn.left + (place % drawn.width);
      const y = drawn.top + Math.floor(place / drawn.width);
      if (index % 2 === 1) bits[y * size.width + x] = 1;
    }
  });
  return bits;
}

describe("a mask", () => {
  it("gets a disc from a click of the brush", () => {
    const mask = blank();
    mask.stroke([{ x: 20, y: 15 }], 5, true);
    expect(count(mask)).toBeGreaterThan(70); // 78.5 in full
    expect(count(mask)).toBeLessThan(88);
    expect([at(mask, 20, 15), at(mask, 24, 15), at(mask, 26, 15)]).toEqual([1, 1, 0]);
  });

  it("gets an unbroken band from a quick stroke, cut off at the image's edge", () => {
    const mask = blank();
    mask.stroke(
      [
        { x: -10, y: 15 },
        { x: 60, y: 15 },
      ],
      2,
      true,
    );
    for (let x = 0; x < size.width; x++) expect(at(mask, x, 15)).toBe(1);
    expect(count(mask)).toBe(4 * size.width);
  });

  it("loses what is erased, and only that", () => {
    const mask = blank();
    mask.polygon(
      [
        { x: 5, y: 5 },
        { x: 35, y: 5 },
        { x: 35, y: 25 },
        { x: 5, y: 25 },
      ],
      true,
    );
    expect(count(mask)).toBe(600);
    mask.stroke([{ x: 20, y: 15 }], 3, false);
    expect([at(mask, 20, 15), at(mask, 10, 10)]).toEqual([0, 1]);
  });

  it("goes back and forth step by step, and forgets what was undone once something else is drawn", () => {
    const mask = blank();
    mask.stroke([{ x: 10, y: 10 }], 3, true);
    const one = mask.bits.slice();
    mask.stroke([{ x: 20, y: 10 }], 3, true);
    const two = mask.bits.slice();
    mask.undo();
    expect(mask.bits).toEqual(one);
    mask.redo();
    expect(mask.bits).toEqual(two);
    mask.undo();
    mask.undo();
    expect([count(mask), mask.canUndo, mask.canRedo, mask.changed]).toEqual([0, false, true, false]);
    mask.stroke([{ x: 30, y: 10 }], 3, true);
    expect(mask.canRedo).toBe(false);
  });

  it("does not count a stroke that changes nothing as a step", () => {
    const mask = blank();
    mask.stroke([{ x: 10, y: 10 }], 3, false);
    expect([mask.canUndo, mask.changed]).toEqual([false, false]);
  });

  it("is sent as runs that give the same mask back, holes included", () => {
    const mask = blank();
    mask.stroke([{ x: 12, y: 12 }], 8, true);
    mask.stroke([{ x: 12, y: 12 }], 3, false);
    mask.stroke([{ x: 33, y: 20 }], 4, true);
    expect(decoded(mask)).toEqual(mask.bits);
    const drawn = mask.drawn();
    expect(drawn?.runs.reduce((sum, run) => sum + run, 0)).toBe((drawn?.width ?? 0) * (drawn?.height ?? 0));
  });

  it("is nothing to send when it is empty", () => {
    expect(blank().drawn()).toBeNull();
  });
});

describe("one finding among the overlay's", () => {
  it("is taken out and put back without touching the others", () => {
    const overlay = new Uint8Array([0, 1, 2, 3, 6, 8]);
    const row = { width: 6, height: 1 };
    expect([...maskOfBit(overlay, 1, row)]).toEqual([0, 0, 1, 1, 1, 0]);
    expect([...withMask(overlay, 1, new Uint8Array([1, 1, 0, 0, 0, 0]))]).toEqual([2, 3, 0, 1, 4, 8]);
    expect([...withMask(null, 1, new Uint8Array([1, 0, 0, 0, 0, 0]))]).toEqual([2, 0, 0, 0, 0, 0]);
  });
});
