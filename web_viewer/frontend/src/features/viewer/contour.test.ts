import { expect, it } from "vitest";
import { outlines } from "./contour";

const maskOf = (rows: string[], bit = 0) =>
  Uint8Array.from(rows.join(""), (mark) => (mark === "#" ? 1 << bit : 0));

/** The area that closed outlines enclose; holes run the other way and count against it. */
function area(shapes: number[][]): number {
  let twice = 0;
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i += 2) {
      const next = (i + 2) % shape.length;
      twice += (shape[i] as number) * (shape[next + 1] as number);
      twice -= (shape[next] as number) * (shape[i + 1] as number);
    }
  }
  return twice / 2;
}

it("runs around one pixel's four corners", () => {
  const mask = maskOf(["...", ".#.", "..."]);
  expect(outlines(mask, { width: 3, height: 3 })[0]).toEqual([[2, 1, 2, 2, 1, 2, 1, 1]]);
});

it("gives a hole its own outline", () => {
  const mask = maskOf(["####", "#..#", "####"]);
  const found = outlines(mask, { width: 4, height: 3 })[0] ?? [];
  expect(found).toHaveLength(2);
  expect(area(found)).toBe(10);
});

it("keeps diagonal neighbours apart", () => {
  const found = outlines(maskOf(["#.", ".#"]), { width: 2, height: 2 })[0] ?? [];
  expect(found).toHaveLength(2);
  expect(area(found)).toBe(2);
});

it("sees only its own bit, up to the image's edges", () => {
  const low = maskOf(["##", ".."], 0);
  const both = maskOf(["##", "##"], 2).map((bits, i) => bits | (low[i] as number));
  expect(area(outlines(both, { width: 2, height: 2 })[0] ?? [])).toBe(2);
  expect(area(outlines(both, { width: 2, height: 2 })[2] ?? [])).toBe(4);
  expect(outlines(both, { width: 2, height: 2 })[1]).toEqual([]);
});

it("encloses as many pixels as are set, for any mask", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const mask = Uint8Array.from({ length: 40 * 30 }, () => (random() < 0.55 ? 8 : 0));
  const set = mask.filter((bits) => bits === 8).length;
  expect(area(outlines(mask, { width: 40, height: 30 })[3] ?? [])).toBe(set);
});
