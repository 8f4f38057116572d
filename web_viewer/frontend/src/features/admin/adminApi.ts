/** What the admin page asks the service. */

import { queryOptions } from "@tanstack/react-query";
import { json, send } from "../../lib/api";
import type { AdminState, AuditLine } from "../../lib/model";

const EVERY_MS = 4_000;

export const adminQuery = queryOptions({
  queryKey: ["admin", "state"],
  queryFn: ({ signal }) => json<AdminState>("/api/admin/state", { signal }),
  refetchInterval: EVERY_MS,
});

export const auditQuery = queryOptions({
  queryKey: ["admin", "audit"],
  queryFn: ({ signal }) => json<AuditLine[]>("/api/admin/audit?limit=50", { signal }),
  refetchInterval: 5 * EVERY_MS,
});

/** Put one job that was given up, or all of them, back on its queue. */
export const replay = (messageId: string | null) =>
  json<{ count: number }>("/api/admin/dead-letters/replay", send("POST", { message_id: messageId }));

/** Ask a destination whether it is there. */
export const echo = (title: string) =>
  json<{ milliseconds: number }>(`/api/admin/destinations/${encodeURIComponent(title)}/echo`, send("POST"));
