/** Live changes of studies, by server-sent events, and whether they are coming. */

import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import type { StudyEvent, StudyRecord } from "./model";
import { noteProgress, type WordingProgress } from "./wordingProgress";

export type Connection = "connecting" | "live" | "lost";

export const useConnection = create<{ connection: Connection }>(() => ({ connection: "connecting" }));

const WORKLIST_PAUSE_MS = 250; // many studies may change at once: one request answers them all
const REFUSED_PAUSE_MS = 3_000;

/** Listen until the returned function is called; keeps `queryClient` fresh meanwhile. */
export function followStudies(queryClient: QueryClient, address = "/api/events"): () => void {
  let pending: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource | undefined;

  const refreshWorklist = () => {
    pending ??= setTimeout(() => {
      pending = undefined;
      void queryClient.invalidateQueries({ queryKey: ["worklist"] });
    }, WORKLIST_PAUSE_MS);
  };

  const refreshStudy = (event: StudyEvent) => {
    const known = queryClient.getQueryData<StudyRecord>(["study", event.study_uid]);
    if (!known || known.version < event.version) {
      void queryClient.invalidateQueries({ queryKey: ["study", event.study_uid] });
    }
  };

  const connect = () => {
    source?.close();
    clearTimeout(again);
    source = new EventSource(address);
    source.onopen = () => {
      useConnection.setState({ connection: "live" });
      void queryClient.invalidateQueries({ queryKey: ["worklist"] });
      void queryClient.invalidateQueries({ queryKey: ["study"] });
    };
    source.onerror = () => {
      useConnection.setState({ connection: "lost" });
      // The browser tries again by itself, unless the service refused: then it gives up for good.
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(connect, REFUSED_PAUSE_MS);
    };
    source.addEventListener("study", (message) => {
      const event = parse<StudyEvent>(message.data);
      if (!event) return;
      refreshWorklist();
      refreshStudy(event);
    });
    source.addEventListener("wording", (message) => {
      const progress = parse<WordingProgress>(message.data);
      if (progress) noteProgress(progress);
    });
  };

  // Without a network a connection may seem open for minutes.
  const lose = () => {
    source?.close();
    clearTimeout(again);
    again = setTimeout(connect, REFUSED_PAUSE_MS); // to a service on this machine there is a way all the same
    useConnection.setState({ connection: "lost" });
  };
  window.addEventListener("offline", lose);
  window.addEventListener("online", connect);
  connect();
  return () => {
    window.removeEventListener("offline", lose);
    window.removeEventListener("online", connect);
    clearTimeout(pending);
    clearTimeout(again);
    source?.close();
  };
}

function parse<Event>(text: string): Event | null {
  try {
    return JSON.parse(text) as Event;
  } catch {
    return null; // not ours to act on: the next worklist request shows the truth
  }
}
