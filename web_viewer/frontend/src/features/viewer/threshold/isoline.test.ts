import { describe, expect, it } from "vitest";
import type { ProbabilityMap } from "../../../lib/model";
import { isoline, outlineOf } from "./isoline";

const mapOf = (rows: number, columns: number) => ({ rows, columns }) as ProbabilityMap;

/** Return a path's rings as points. */
function ringsOf(path: string): [number, number][][] {
  return path
    .split("M")
    .slice(1)
    .map((ring) =>
      ring
        .replace("Z", "")
        .trim()
        .split(" ")
        .map((point) => point.split(",").map(Number) as [number, number]),
    );
}

const areaOf = (ring: [number, number][]) =>
  ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length] as [number, number];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);

/** A cone: 255 in the middle of 65 x 65, 0 at a distance of 30 pixels. */
function cone(): Uint8Array {
  const values = new Uint8Array(65 * 65);
  for (let y = 0; y < 65; y++) {
    for (let x = 0; x < 65; x++) {
      values[y * 65 + x] = Math.max(0, Math.round(255 * (1 - Math.hypot(x - 32, y - 32) / 30)));
    }
  }
  return values;
}

describe("the outline of a map above a threshold", () => {
  it.each([0.2, 0.5, 0.8])("lies where the map has that probability: %s", (threshold) => {
    const [ring, ...others] = ringsOf(isoline(mapOf(65, 65), cone(), threshold));
    expect(others).toEqual([]);
    for (const [x, y] of ring ?? []) {
      const distance = Math.hypot(x - 32.5, y - 32.5); // pixels' centres are at halves
      expect(Math.abs(distance - 30 * (1 - threshold))).toBeLessThan(0.15);
    }
  });

  it("grows without a jump as the threshold falls", () => {
    const areas = Array.from({ length: 61 }, (_, step) => {
      const [ring] = ringsOf(isoline(mapOf(65, 65), cone(), 0.8 - 0.01 * step));
      return Math.abs(areaOf(ring ?? []));
    });
    for (let i = 1; i < areas.length; i++) {
      const grown = (areas[i] as number) - (areas[i - 1] as number);
      expect(grown).toBeGreaterThan(0);
      expect(grown).toBeLessThan(60);
    }
  });

  it("reaches the radiograph's edge, and no farther, where the map does", () => {
    const [ring] = ringsOf(isoline(mapOf(4, 6), new Uint8Array(24).fill(255), 0.5));
    const xs = (ring ?? []).map(([x]) => x);
    const ys = (ring ?? []).map(([, y]) => y);
    expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([0, 6, 0, 4]);
  });

  it("has a ring of its own around a hole, the other way round", () => {
    const values = new Uint8Array(100).fill(255);
    values[55] = 0;
    const rings = ringsOf(isoline(mapOf(10, 10), values, 0.5));
    expect(rings).toHaveLength(2);
    const [whole, hole] = rings.map(areaOf) as [number, number];
    expect(Math.sign(whole)).not.toBe(Math.sign(hole));
    expect(Math.abs(hole)).toBeCloseTo(0.5, 1); // a diamond half a pixel each way
  });

  it("is nothing where nothing lies above", () => {
    expect(isoline(mapOf(65, 65), cone(), 1.01)).toBe("");
    expect(isoline(mapOf(2, 2), new Uint8Array(4), 0.01)).toBe("");
  });

  it("is found once for a cut, however often that is drawn", () => {
    const cut = { map: mapOf(65, 65), values: cone(), threshold: 0.5, beside: null };
    const path = outlineOf(cut);
    cut.values.fill(0);
    expect(outlineOf(cut)).toBe(path);
    expect(outlineOf({ ...cut })).toBe("");
  });
});
