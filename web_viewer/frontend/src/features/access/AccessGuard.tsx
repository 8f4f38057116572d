import { onlineManager, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useEnded } from "../../lib/ended";
import { isLater, lastSign, useLock, watchIdleness } from "../../lib/lock";
import { sessionQuery } from "../../lib/session";
import { LockScreen } from "./LockScreen";

const ALIVE_EVERY_MS = 60_000;

/** Locks the page after a while without a sign of life, and says so when a login has ended. */
export function AccessGuard() {
  const queryClient = useQueryClient();
  const { data: session, dataUpdatedAt } = useQuery(sessionQuery);
  const { locked, setLocked } = useLock();
  const ended = useEnded((state) => state.ended);
  const minutes = session?.lock_after ?? 0;
  const renewed = locked && session !== undefined && isLater(dataUpdatedAt); // somebody has logged in since
  const wasLocked = useRef(locked);
  useEffect(() => watchIdleness(minutes), [minutes]);
  useEffect(() => {
    // Somebody who looks at one radiograph for long is here, though they ask the service for nothing.
    const timer = setInterval(() => {
      if (Date.now() - lastSign() < ALIVE_EVERY_MS && !useLock.getState().locked) {
        void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
      }
    }, ALIVE_EVERY_MS);
    return () => clearInterval(timer);
  }, [queryClient]);
  useEffect(() => {
    if (renewed) setLocked(false);
  }, [renewed, setLocked]);
  useEffect(() => {
    if (locked && !wasLocked.current) {
      // An answer that was on its way already is no new login; that of a page which is loaded locked is waited for.
      void queryClient.cancelQueries({ queryKey: sessionQuery.queryKey });
    } else if (!locked && wasLocked.current) {
      // Unlocked here or in another tab: what was not asked for meanwhile is asked for now.
      useEnded.setState({ ended: false });
      onlineManager.setOnline(true);
      void queryClient.invalidateQueries();
    }
    wasLocked.current = locked;
  }, [locked, queryClient]);
  if (renewed) return null;
  const how = session?.how === "password" ? "password" : "openid";
  if (ended) return <LockScreen how={how} onUnlock={() => setLocked(false)} />;
  if (locked && session) return <LockScreen how={session.how} onUnlock={() => setLocked(false)} />;
  return null;
}
