/** Which finding a reader points at: by what is drawn, a cut of the map in place of the mask. Pure. */

import type { Finding } from "../../lib/model";
import type { Cut } from "../../lib/thresholdStore";
import type { Point } from "./geometry";
import { type OverlayChoice, segmentStyles } from "./overlayStyle";
import type { Shown } from "./stage";

const STEPS = 255; // of a map's values: this is probability 1

/** Return the finding that is drawn at a point of the image; null where none is. */
export function findingAt(
  point: Point,
  { header, mask, findings, table }: Shown,
  choice: Omit<OverlayChoice, "replaced">,
  cutOf: (findingId: string) => Cut | null, // what is drawn in place of a finding's own outline
): Finding | null {
  // One that is cut is drawn, whatever the model says of it.
  const drawn = findings.map((each) => (cutOf(each.id) ? { ...each, presence: "present" as const } : each));
  const bits = new Set(segmentStyles(drawn, table, choice).map(({ bit }) => bit));
  const masked = mask?.[Math.floor(point.y) * header.columns + Math.floor(point.x)] ?? 0;
  for (const { label, segment_number } of table) {
    const finding = findings.find((each) => each.label === label);
    if (!finding || !bits.has(segment_number - 1)) continue;
    const cut = cutOf(finding.id);
    if (cut ? isAbove(cut, point) : (masked >> (segment_number - 1)) & 1) return finding;
  }
  return null;
}

/** Return whether a cut's map lies above its threshold at a point of the image, linear between its centres. */
export function isAbove({ map, values, threshold }: Cut, point: Point): boolean {
  const x = within(point.x / map.column_scale - 0.5, map.columns);
  const y = within(point.y / map.row_scale - 0.5, map.rows);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const value = (row: number, column: number) =>
    values[Math.min(row, map.rows - 1) * map.columns + Math.min(column, map.columns - 1)] ?? 0;
  const row = (at: number) => value(at, left) * (1 - (x - left)) + value(at, left + 1) * (x - left);
  return row(top) * (1 - (y - top)) + row(top + 1) * (y - top) >= threshold * STEPS;
}

/** Return a coordinate held between the first and the last centre, beyond which the map is constant. */
const within = (at: number, count: number): number => Math.min(Math.max(at, 0), count - 1);
