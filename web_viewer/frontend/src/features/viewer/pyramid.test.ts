import { expect, it } from "vitest";
import { doubled, halved, Pyramid } from "./pyramid";

it("takes the rounded mean of each block of four", () => {
  const values = new Uint16Array([0, 1, 10, 20, 2, 4, 30, 41]);
  const half = halved({ width: 4, height: 2, values });
  expect(half.width).toBe(2);
  expect(half.height).toBe(1);
  expect([...half.values]).toEqual([2, 25]); // 7/4 = 1.75, 101/4 = 25.25
});

it("leaves out an odd last row and column, and does not overflow at 65535", () => {
  const half = halved({ width: 3, height: 3, values: new Uint16Array(9).fill(65_535) });
  expect([half.width, half.height, ...half.values]).toEqual([1, 1, 65_535]);
});

it("chooses the smallest level that still has a pixel for each device pixel", () => {
  const pyramid = Pyramid.of({ width: 2048, height: 2048, values: new Uint16Array(2048 * 2048) });
  expect(pyramid.numberFor(2)).toBe(0);
  expect(pyramid.numberFor(1)).toBe(0);
  expect(pyramid.numberFor(0.51)).toBe(0);
  expect(pyramid.numberFor(0.5)).toBe(1);
  expect(pyramid.numberFor(0.3)).toBe(1);
  expect(pyramid.numberFor(0.01)).toBe(3); // no smaller than 256 pixels
  expect(pyramid.level(3).width).toBe(256);
});

it("refuses a radiograph with values missing", () => {
  expect(() => Pyramid.of({ width: 2, height: 2, values: new Uint16Array(3) })).toThrow(
    "expected 2 x 2 values, found 3",
  );
});

it("stands in for the whole with what is here at half the size, until the rest has come", () => {
  const whole = new Uint16Array([0, 1, 10, 20, 2, 4, 30, 41]);
  const half = halved({ width: 4, height: 2, values: whole });
  const pyramid = Pyramid.ofHalf({ width: 4, height: 2 }, half.values);
  expect(pyramid.isWhole).toBe(false);
  expect([...pyramid.level(0).values]).toEqual([2, 2, 25, 25, 2, 2, 25, 25]);
  expect(pyramid.level(1).values).toBe(half.values);
  pyramid.complete(whole);
  expect(pyramid.isWhole).toBe(true);
  expect(pyramid.level(0).values).toBe(whole);
  expect(pyramid.level(1).values).toBe(half.values);
});

it("repeats the last row and column of what has an odd size", () => {
  const half = { width: 1, height: 1, values: new Uint16Array([7]) };
  expect([...doubled(half, { width: 3, height: 3 }).values]).toEqual(Array(9).fill(7));
});
