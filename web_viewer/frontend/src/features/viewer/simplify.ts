/** Outlines with fewer corners, for when they are drawn smaller than they are. Pure. */

import type { Outline } from "./contour";

/**
 * Return a closed outline from which no left-out corner lies further away than `tolerance` (Douglas and
 * Peucker, 1973); what is smaller than that stays as it is.
 */
export function simplified(outline: Outline, tolerance: number): Outline {
  const corners = outline.length / 2;
  if (corners <= 8) return outline;
  const kept = new Uint8Array(corners + 1); // the first corner once more at the end
  const half = corners >> 1;
  kept[0] = kept[half] = 1;
  const open: [number, number][] = [
    [0, half],
    [half, corners],
  ];
  for (let span = open.pop(); span; span = open.pop()) {
    const [from, to] = span;
    const at = farthest(outline, from, to, tolerance);
    if (at < 0) continue;
    kept[at] = 1;
    open.push([from, at], [at, to]);
  }
  const found: Outline = [];
  for (let i = 0; i < corners; i++) {
    if (kept[i]) found.push(outline[2 * i] as number, outline[2 * i + 1] as number);
  }
  return found;
}

/** Return the corner between two that lies furthest from the line through them; -1 if none is out of tolerance. */
function farthest(outline: Outline, from: number, to: number, tolerance: number): number {
  const last = (2 * to) % outline.length;
  const x = outline[2 * from] as number;
  const y = outline[2 * from + 1] as number;
  const dx = (outline[last] as number) - x;
  const dy = (outline[last + 1] as number) - y;
  const length = Math.hypot(dx, dy);
  let most = tolerance;
  let found = -1;
  for (let i = from + 1; i < to; i++) {
    const px = (outline[2 * i] as number) - x;
    const py = (outline[2 * i + 1] as number) - y;
    const away = length > 0 ? Math.abs(px * dy - py * dx) / length : Math.hypot(px, py);
    if (away > most) {
      most = away;
      found = i;
    }
  }
  return found;
}
