/** The worklist as one list, of which only what is near the screen is asked for. */

import { useQueries } from "@tanstack/react-query";
import { useRef } from "react";
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
  const pages = pagesOf(first, last);
  const results = useQueries({ queries: pages.map((page) => worklistPageQuery(query, page * PAGE, PAGE)) });
  const known = useRef<{ key: string; rows: Rows } | null>(null);
  const key = JSON.stringify(query);
  const head = results[0]?.data;
  const before = known.current?.rows ?? null;
  const error = results.find((result) => result.error)?.error ?? null;
  const refetch = () => {
    for (const result of results) void result.refetch();
  };
  if (!head) return { rows: before, error, refetch };
  const same = known.current?.key === key;
  const rows = placed(
    head.total,
    results.map((result, index) => [(pages[index] ?? 0) * PAGE, result.data?.items ?? []]),
    same ? before : null,
  );
  known.current = { key, rows };
  return { rows, error, refetch };
}
