import { expect, it } from "vitest";
import { outlines } from "./contour";
import { simplified } from "./simplify";

function disc(side: number, radius: number): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const x = (i % side) + 0.5 - side / 2;
    const y = Math.floor(i / side) + 0.5 - side / 2;
    return x * x + y * y < radius * radius ? 1 : 0;
  });
}

function distance(px: number, py: number, shape: number[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < shape.length; i += 2) {
    const j = (i + 2) % shape.length;
    const [ax, ay] = [shape[i] as number, shape[i + 1] as number];
    const [bx, by] = [(shape[j] as number) - ax, (shape[j + 1] as number) - ay];
    const along = Math.min(1, Math.max(0, ((px - ax) * bx + (py - ay) * by) / (bx * bx + by * by)));
    nearest = Math.min(nearest, Math.hypot(px - ax - along * bx, py - ay - along * by));
  }
  return nearest;
}

it("leaves out corners that nobody could see, and none that is further away", () => {
  const [shape] = outlines(disc(400, 180), { width: 400, height: 400 })[0] as [number[]];
  const fewer = simplified(shape, 1);
  expect(fewer.length).toBeLessThan(shape.length / 8);
  for (let i = 0; i < shape.length; i += 2) {
    expect(distance(shape[i] as number, shape[i + 1] as number, fewer)).toBeLessThanOrEqual(1);
  }
});

it("keeps a square's four corners", () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10];
  expect(simplified(square, 1)).toEqual(square);
});

it("keeps what is long and thin from vanishing", () => {
  const mask = new Uint8Array(100 * 5).fill(0);
  for (let x = 5; x < 95; x++) mask[200 + x + (x % 2 ? 100 : 0)] = 1;
  for (let x = 5; x < 95; x++) mask[200 + x] = 1;
  const [shape] = outlines(mask, { width: 100, height: 5 })[0] as [number[]];
  const xs = simplified(shape, 1).filter((_, i) => i % 2 === 0);
  expect(Math.max(...xs) - Math.min(...xs)).toBeGreaterThan(85);
});
