import { describe, expect, it } from "vitest";
import {
  applied,
  fitted,
  imagePoint,
  inverted,
  linked,
  matrixOf,
  type Placement,
  panned,
  type QuarterTurns,
  shownRectangle,
  snapped,
  zoomedAt,
} from "./geometry";

const canvas = { width: 800, height: 600 };
const image = { width: 2000, height: 1000 };
const close = (point: { x: number; y: number }, x: number, y: number) => {
  expect(point.x).toBeCloseTo(x, 8);
  expect(point.y).toBeCloseTo(y, 8);
};

describe("a fitted image", () => {
  it("touches the canvas's sides but for the margin and lies in the middle", () => {
    const placement = fitted(image, canvas);
    expect(placement.scale).toBeCloseTo((800 / 2000) * 0.985, 12);
    close(applied(matrixOf(placement, canvas), { x: 1000, y: 500 }), 400, 300);
  });

  it("swaps its sides when it lies on its side", () => {
    expect(fitted(image, canvas, 1).scale).toBeCloseTo((600 / 2000) * 0.985, 12);
  });
});

describe("orientation", () => {
  const at = (turns: QuarterTurns, flipped: boolean): Placement => ({
    scale: 1,
    center: { x: 0, y: 0 },
    turns,
    flipped,
  });
  const right = { x: 10, y: 0 };

  it("turns clockwise", () => {
    close(applied(matrixOf(at(0, false), canvas), right), 410, 300);
    close(applied(matrixOf(at(1, false), canvas), right), 400, 310);
    close(applied(matrixOf(at(2, false), canvas), right), 390, 300);
    close(applied(matrixOf(at(3, false), canvas), right), 400, 290);
  });

  it("flips left for right before it turns", () => {
    close(applied(matrixOf(at(0, true), canvas), right), 390, 300);
    close(applied(matrixOf(at(1, true), canvas), right), 400, 290);
    close(applied(matrixOf(at(0, true), canvas), { x: 0, y: 10 }), 400, 310);
  });
});

const oblique: Placement = { scale: 0.7, center: { x: 640, y: 210 }, turns: 1, flipped: true };

it("goes from image to screen and back", () => {
  const matrix = matrixOf(oblique, canvas);
  close(applied(inverted(matrix), applied(matrix, { x: 123, y: 456 })), 123, 456);
});

describe("zoom at the pointer", () => {
  it.each([1.5, 0.4])("keeps the image point under the pointer at %s times", (factor) => {
    const pointer = { x: 77, y: 512 };
    const before = imagePoint(oblique, canvas, pointer);
    const after = zoomedAt(oblique, canvas, pointer, factor);
    expect(after.scale).toBeCloseTo(0.7 * factor, 12);
    const still = imagePoint(after, canvas, pointer);
    close(still, before.x, before.y);
  });

  it("stops at 32 times", () => {
    expect(zoomedAt(oblique, canvas, { x: 0, y: 0 }, 1e9).scale).toBe(32);
  });
});

it("pans with the pointer, whatever the orientation", () => {
  const point = imagePoint(oblique, canvas, { x: 300, y: 300 });
  const moved = panned(oblique, canvas, 25, -40);
  close(applied(matrixOf(moved, canvas), point), 325, 260);
});

describe("the part of the image on the canvas", () => {
  it("is the whole of a fitted image", () => {
    const matrix = matrixOf(fitted(image, canvas), canvas);
    expect(shownRectangle(matrix, image, canvas)).toEqual({ left: 0, top: 0, right: 2000, bottom: 1000 });
  });

  it("is what the canvas covers, and a rim, of a magnified one", () => {
    const placement: Placement = { scale: 2, center: { x: 1000, y: 500 }, turns: 0, flipped: false };
    const matrix = matrixOf(placement, canvas);
    expect(shownRectangle(matrix, image, canvas)).toEqual({ left: 799, top: 349, right: 1201, bottom: 651 });
  });
});

describe("a radiograph at a whole magnification", () => {
  it("has its pixels on the screen's, having moved by less than one", () => {
    const canvas = { width: 1001, height: 777 };
    const placement = { scale: 1, center: { x: 100.3, y: 50.2 }, turns: 0, flipped: false } as const;
    const { e, f } = matrixOf(snapped(placement, canvas), canvas);
    expect([e, f].map((value) => Math.abs(value - Math.round(value)) < 1e-9)).toEqual([true, true]);
    const before = matrixOf(placement, canvas);
    expect(Math.abs(e - before.e)).toBeLessThanOrEqual(0.5);
    expect(snapped({ ...placement, scale: 1.3 }, canvas)).toEqual({ ...placement, scale: 1.3 });
  });
});

describe("a radiograph beside another", () => {
  const canvas = { width: 800, height: 600 };
  const one = { width: 2000, height: 2400 };
  const other = { width: 1000, height: 900 };

  it("is fitted where the other is, and shows the same share of itself where it is not", () => {
    const fit = linked(fitted(one, canvas), one, other, canvas);
    expect(fit.scale).toBeCloseTo(fitted(other, canvas).scale, 9);
    expect(fit.center).toEqual(fitted(other, canvas).center);
    const close = {
      ...fitted(one, canvas),
      scale: 2 * fitted(one, canvas).scale,
      center: { x: 500, y: 600 },
    };
    const beside = linked(close, one, other, canvas);
    expect(beside.scale / fitted(other, canvas).scale).toBeCloseTo(2, 9);
    expect(beside.center).toEqual({ x: 250, y: 225 });
  });

  it("leads the other as it is led by it", () => {
    const placement = { scale: 0.7, center: { x: 300, y: 900 }, turns: 1, flipped: true } as const;
    const back = linked(linked(placement, one, other, canvas), other, one, canvas);
    expect(back.scale).toBeCloseTo(0.7, 9);
    expect([back.center.x, back.center.y]).toEqual([300, 900]);
  });
});
