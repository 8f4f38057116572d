/** The reading order of the worklist. Pure. */

import type { WorklistItem } from "../../lib/model";

type Ordered = Pick<WorklistItem, "critical" | "state" | "alert" | "received_at">;

/** A critical study is urgent until it is signed, and until somebody said whom they told. */
export const isUrgent = (item: Pick<Ordered, "critical" | "state" | "alert">): boolean =>
  (item.critical && item.state !== "signed") || item.alert?.state === "open";

/** Return the studies with urgent ones first, and the newest first among equals. */
export function readingOrder<T extends Ordered>(items: readonly T[]): T[] {
  return [...items].sort(
    (one, other) =>
      Number(isUrgent(other)) - Number(isUrgent(one)) ||
      Date.parse(other.received_at) - Date.parse(one.received_at),
  );
}
