/** Live changes of studies, by server-sent events, and whether they are coming. */

import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import { request } from "./api";
import { useEnded } from "./ended";
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
  let question = new AbortController();

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

  const stop = () => {
    source?.close();
    clearTimeout(again);
    question.abort();
  };

  const connect = () => {
    stop();
    if (useEnded.getState().ended) return; // whoever logs in again begins anew
    source = new EventSource(address);
    source.onopen = () => {
      useConnection.setState({ connection: "live" });
      void queryClient.invalidateQueries({ queryKey: ["worklist"] });
      void queryClient.invalidateQueries({ queryKey: ["study"] });
    };
    source.onerror = () => {
      useConnection.setState({ connection: "lost" });
      // The browser tries again by itself, unless the service refused: then it gives up for good.
      if (source?.readyState === EventSource.CLOSED) askWhoThisIs();
    };
    source.addEventListener("study", (message) => {
      const event = parse<StudyEvent>(message.data);
      if (!event) return;
      refreshWorklist();
      refreshStudy(event);
    });
    source.addEventListener("presence", (message) => {
      const event = parse<Pick<StudyEvent, "study_uid">>(message.data);
      if (!event) return;
      refreshWorklist();
      void queryClient.invalidateQueries({ queryKey: ["presence", event.study_uid] });
    });
    source.addEventListener("wording", (message) => {
      const progress = parse<WordingProgress>(message.data);
      if (progress) noteProgress(progress);
    });
  };

  // A stream does not say why it is refused. Where it is for want of a login, the answer to this ends the page.
  const askWhoThisIs = () => {
    again = setTimeout(connect, REFUSED_PAUSE_MS);
    question = new AbortController();
    request("/api/session", { signal: question.signal }).catch(() => undefined);
  };

  // Without a network a connection may seem open for minutes.
  const lose = () => {
    stop();
    again = setTimeout(connect, REFUSED_PAUSE_MS); // to a service on this machine there is a way all the same
    useConnection.setState({ connection: "lost" });
  };
  const forget = useEnded.subscribe(({ ended }, before) => {
    if (ended === before.ended) return;
    if (ended) useConnection.setState({ connection: "lost" });
    connect();
  });
  window.addEventListener("offline", lose);
  window.addEventListener("online", connect);
  connect();
  return () => {
    window.removeEventListener("offline", lose);
    window.removeEventListener("online", connect);
    forget();
    clearTimeout(pending);
    stop();
  };
}

function parse<Event>(text: string): Event | null {
  try {
    return JSON.parse(text) as Event;
  } catch {
    return null; // not ours to act on: the next worklist request shows the truth
  }
}
