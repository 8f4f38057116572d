/** Which pixels a stroke or a polygon covers: those whose middle lies inside. Pure. */

import type { Point, Rectangle, Size } from "../geometry";
import type { Covered } from "./editableMask";

const MIDDLE = 0.5;

export function insideStroke(points: readonly Point[], radius: number, size: Size): Covered {
  const area = areaAround(points, radius, size);
  const width = area.right - area.left;
  const inside = new Uint8Array(width * (area.bottom - area.top));
  for (let i = 0; i < points.length; i++) {
    const from = points[Math.max(0, i - 1)] as Point;
    const to = points[i] as Point;
    const part = areaAround([from, to], radius, size);
    for (let y = part.top; y < part.bottom; y++) {
      for (let x = part.left; x < part.right; x++) {
        if (distance({ x: x + MIDDLE, y: y + MIDDLE }, from, to) <= radius) {
          inside[(y - area.top) * width + x - area.left] = 1;
        }
      }
    }
  }
  return { area, inside };
}

export function insidePolygon(points: readonly Point[], size: Size): Covered {
  const area = areaAround(points, 0, size);
  const width = area.right - area.left;
  const inside = new Uint8Array(width * (area.bottom - area.top));
  for (let y = area.top; y < area.bottom; y++) {
    const crossed = crossings(points, y + MIDDLE);
    for (let i = 0; i + 1 < crossed.length; i += 2) {
      const from = Math.max(area.left, Math.ceil((crossed[i] as number) - MIDDLE));
      const to = Math.min(area.right, Math.ceil((crossed[i + 1] as number) - MIDDLE));
      if (to > from) {
        inside.fill(1, (y - area.top) * width + from - area.left, (y - area.top) * width + to - area.left);
      }
    }
  }
  return { area, inside };
}

/** Return where the polygon's sides cross a row, from left to right. */
function crossings(points: readonly Point[], y: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < points.length; i++) {
    const from = points[i] as Point;
    const to = points[(i + 1) % points.length] as Point;
    if (from.y <= y === to.y <= y) continue;
    found.push(from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x));
  }
  return found.sort((one, other) => one - other);
}

function distance(at: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : ((at.x - from.x) * dx + (at.y - from.y) * dy) / squared;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(at.x - from.x - share * dx, at.y - from.y - share * dy);
}

function areaAround(points: readonly Point[], radius: number, { width, height }: Size): Rectangle {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const left = within(Math.floor(Math.min(...xs) - radius), width);
  const top = within(Math.floor(Math.min(...ys) - radius), height);
  return {
    left,
    top,
    right: Math.max(left, within(Math.ceil(Math.max(...xs) + radius), width)),
    bottom: Math.max(top, within(Math.ceil(Math.max(...ys) + radius), height)),
  };
}
