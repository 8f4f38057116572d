/** The worklist as one list, of which only what is near the screen is asked for. */

import { useQueries } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import type { WorklistQuery } from "../../lib/api";
import { worklistPageQuery } from "../../lib/queries";
import { PAGE, pagesOf, placed, type Rows } from "./rows";

interface Found {
  rows: Rows | null; // null: not known yet
  error: Error | null;
  refetch: () => void;
}

/** Return the rows of a query; `first` and `last` are the rows near the screen. */
export function useWorklistRows(
  query: Pick<WorklistQuery, "state" | "q" | "delivery">,
  [first, last]: readonly [number, number],
): Found {
  const known = useRef<{ key: string; rows: Rows } | null>(null);
  const key = JSON.stringify(query);
  const total = known.current?.key === key ? known.current.rows.length : 1;
  const pages = pagesOf(first, last, total);
  const results = useQueries({ queries: pages.map((page) => worklistPageQuery(query, page * PAGE, PAGE)) });
  const head = results[0]?.data;
  const error = results.find((result) => result.error)?.error ?? null;
  const refetch = () => {
    for (const result of results) void result.refetch();
  };
  const stamp = results.map((result, index) => `${pages[index]}:${result.dataUpdatedAt}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp stands for the results
  const rows = useMemo(() => {
    const before = known.current?.rows ?? null;
    if (!head) return before;
    const found = results.map(
      (result, index) => [(pages[index] ?? 0) * PAGE, result.data?.items ?? []] as const,
    );
    const placedNow = placed(head.total, found, known.current?.key === key ? before : null);
    known.current = { key, rows: placedNow };
    return placedNow;
  }, [stamp, key]);
  return { rows, error, refetch };
}
