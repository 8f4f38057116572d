/** Who is logged in, and what they may do. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { json, request, send } from "./api";
import type { Role, Session } from "./model";

const MINUTE = 60_000;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => json<Session>("/api/session"),
  staleTime: MINUTE,
});

export const useSession = (): Session | undefined => useQuery(sessionQuery).data;

/** Return whether somebody may; while it is not known yet, whatever most people may. */
export function useMay(role: Role): boolean {
  const session = useSession();
  return session ? session.roles.includes(role) : role !== "admin";
}

/** End the session; returns the address to go to. */
export const endSession = async () =>
  (await json<{ address: string }>("/api/session/end", send("POST"))).address;

/** Begin a session with login and password, in place of one that has ended. */
export const beginSession = (login: string, password: string) =>
  request("/api/session/begin", send("POST", { login, password }));
