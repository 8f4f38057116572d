/** Rows of a long list that are known only in part. Pure. */

import type { WorklistItem } from "../../lib/model";

export const PAGE = 200; // studies a request
const AHEAD = 100; // rows asked for before they are near the screen: drawn twice, a row is late

/** A row that is not known yet is undefined. */
export type Rows = readonly (WorklistItem | undefined)[];

export const isKnown = (row: WorklistItem | undefined): row is WorklistItem => row !== undefined;

/** Return the pages for rows from `first` to `last`, and those that may follow; the first is always one of them. */
export function pagesOf(first: number, last: number, total = Number.POSITIVE_INFINITY): number[] {
  const from = Math.floor(Math.max(0, first - AHEAD) / PAGE);
  const to = Math.floor(Math.max(0, Math.min(last + AHEAD, total - 1)) / PAGE);
  const pages = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return pages[0] === 0 ? pages : [0, ...pages];
}

/** Return `range` unless it lies on the same pages as `before`: then nothing else has to be asked for. */
export function onOtherPages(
  before: readonly [number, number],
  range: readonly [number, number],
): readonly [number, number] {
  return pagesOf(...before).join() === pagesOf(...range).join() ? before : range;
}

/**
 * Return a list of `total` rows with those that were found in their places; what was known before stands
 * where nothing newer is, and a study that moved meanwhile stands in its new place only.
 */
export function placed(
  total: number,
  found: readonly (readonly [number, readonly WorklistItem[]])[],
  before: Rows | null,
): Rows {
  const rows: (WorklistItem | undefined)[] = Array.from({ length: total }, (_, index) => before?.[index]);
  const fresh = new Set<string>();
  for (const [offset, items] of found) {
    items.forEach((item, index) => {
      if (offset + index < total) rows[offset + index] = item;
      fresh.add(item.study_uid);
    });
  }
  const isFound = (index: number) =>
    found.some(([offset, items]) => index >= offset && index < offset + items.length);
  return rows.map((row, index) => (row && fresh.has(row.study_uid) && !isFound(index) ? undefined : row));
}
