/** How much is kept of studies that are not on the screen: the last few, and pixels within a budget. */

import type { Query, QueryClient } from "@tanstack/react-query";

const OF_A_STUDY = new Set([
  "study",
  "radiographs",
  "priors",
  "header",
  "half",
  "pixels",
  "overlay",
  "objections",
  "proposal",
]);

export interface Budget {
  studies: number;
  bytes: number;
}

// A radiograph of 2048 x 2048 takes 8 MiB, its overlay 4: the next study, the last ones, a study's other views.
const BUDGET: Budget = { studies: 8, bytes: 96 * 2 ** 20 };

/** Forget what is beyond the budget, now and after each change, until the returned function is called. */
export function keepWithin(client: QueryClient, budget: Budget = BUDGET): () => void {
  const cache = client.getQueryCache();
  const left = new WeakMap<Query, number>(); // when it was last on the screen
  let pending = false;

  const forget = () => {
    pending = false;
    for (const query of beyond(budget, cache.getAll(), left)) cache.remove(query);
  };
  return cache.subscribe(({ type, query }) => {
    if (!OF_A_STUDY.has(query.queryKey[0] as string)) return;
    if (type === "observerRemoved") left.set(query, Date.now());
    else if (type !== "updated") return;
    if (pending) return;
    pending = true;
    queueMicrotask(forget);
  });
}

/** Return what is to be forgotten: what was seen, or fetched ahead, longest ago. */
function beyond({ studies, bytes }: Budget, all: readonly Query[], left: WeakMap<Query, number>): Query[] {
  const moment = (query: Query) => Math.max(query.state.dataUpdatedAt, left.get(query) ?? 0);
  const idle = all
    .filter((query) => OF_A_STUDY.has(query.queryKey[0] as string))
    .filter((query) => query.getObserversCount() === 0 && query.state.fetchStatus === "idle")
    .sort((one, other) => moment(other) - moment(one));
  const kept = new Set<unknown>();
  let held = 0;
  return idle.filter((query) => {
    kept.add(query.queryKey[1]);
    const size = bytesOf(query);
    if (kept.size > studies || held + size > bytes) return true;
    held += size;
    return false;
  });
}

const bytesOf = ({ state }: Query): number => (ArrayBuffer.isView(state.data) ? state.data.byteLength : 0);
