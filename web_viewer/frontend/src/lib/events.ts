/** Live changes of studies, by server-sent events, and whether they are coming. */

import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import type { StudyEvent, StudyRecord } from "./model";

export type Connection = "connecting" | "live" | "lost";

export const useConnection = create<{ connection: Connection }>(() => ({ connection: "connecting" }));

const WORKLIST_PAUSE_MS = 250; // many studies may change at once: one request answers them all

/** Listen until the returned function is called; keeps `queryClient` fresh meanwhile. */
export function followStudies(queryClient: QueryClient, address = "/api/events"): () => void {
  let pending: ReturnType<typeof setTimeout> | undefined;
  const source = new EventSource(address);

  const refreshWorklist = () => {
    if (pending !== undefined) return;
    pending = setTimeout(() => {
      pending = undefined;
      void queryClient.invalidateQueries({ queryKey: ["worklist"] });
    }, WORKLIST_PAUSE_MS);
  };

  source.onopen = () => {
    useConnection.setState({ connection: "live" });
    void queryClient.invalidateQueries({ queryKey: ["worklist"] });
    void queryClient.invalidateQueries({ queryKey: ["study"] });
  };
  source.onerror = () => useConnection.setState({ connection: "lost" });
  source.addEventListener("study", (message) => {
    const event = parse(message.data);
    if (!event) return;
    refreshWorklist();
    const known = queryClient.getQueryData<StudyRecord>(["study", event.study_uid]);
    if (!known || known.version < event.version) {
      void queryClient.invalidateQueries({ queryKey: ["study", event.study_uid] });
    }
  });
  return () => {
    clearTimeout(pending);
    source.close();
  };
}

function parse(text: string): StudyEvent | null {
  try {
    return JSON.parse(text) as StudyEvent;
  } catch {
    return null; // not ours to act on: the next worklist request shows the truth
  }
}
