import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useEnded } from "../../lib/ended";
import { lastSign, useLock, watchIdleness } from "../../lib/lock";
import { sessionQuery, useSession } from "../../lib/session";
import { LockScreen } from "./LockScreen";

const ALIVE_EVERY_MS = 60_000;

/** Locks the page after a while without a sign of life, and says so when a login has ended. */
export function AccessGuard() {
  const queryClient = useQueryClient();
  const session = useSession();
  const { locked, setLocked } = useLock();
  const ended = useEnded((state) => state.ended);
  const minutes = session?.lock_after ?? 0;
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
  if (ended) return <LockScreen how="openid" onUnlock={() => setLocked(false)} />;
  if (locked && session) return <LockScreen how={session.how} onUnlock={() => setLocked(false)} />;
  return null;
}
