/** The address bar as the place where the page is chosen. */

import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

export function navigate(address: string): void {
  window.history.pushState(null, "", address);
  for (const listener of listeners) listener();
}

/** Return path and query of the address bar; the component is drawn again when they change. */
export function useLocation(): { path: string; search: URLSearchParams } {
  const address = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  const url = new URL(address, window.location.origin);
  return { path: url.pathname, search: url.searchParams };
}

export const viewerAddress = (studyUid: string) => `/viewer?StudyInstanceUID=${encodeURIComponent(studyUid)}`;
