/** Lock the page when nobody has touched it for a while; every tab of the browser locks and unlocks together. */

import { create } from "zustand";

const LOCKED = "kidray.locked";
const ENDED = "kidray.ended"; // POSIX ms at which the service said that the locked session is no more
const ACTIVE = "kidray.active"; // POSIX ms of the last sign of life in any tab
const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"] as const;
const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 2_000;

interface Lock {
  locked: boolean;
  setLocked: (locked: boolean) => void;
}

export const useLock = create<Lock>((set) => ({
  locked: localStorage.getItem(LOCKED) === "yes",
  setLocked: (locked) => {
    localStorage.removeItem(ENDED);
    if (locked) localStorage.setItem(LOCKED, "yes");
    else localStorage.removeItem(LOCKED);
    localStorage.setItem(ACTIVE, String(Date.now()));
    set({ locked });
  },
}));

/** Let the page that is loaded next begin unlocked; this one stays as it is. */
export const unlockNextPage = (): void => localStorage.removeItem(LOCKED);

export const noteEnd = (): void => localStorage.setItem(ENDED, String(Date.now()));

/** Return whether a session that was there at `time` (POSIX ms) has begun since the locked one ended. */
export function isLater(time: number): boolean {
  const ended = Number(localStorage.getItem(ENDED) ?? 0);
  return ended > 0 && time > ended;
}

export const lastSign = (): number => Number(localStorage.getItem(ACTIVE) ?? 0);

/** Watch for signs of life until the returned function is called; `minutes` 0 never locks. */
export function watchIdleness(minutes: number): () => void {
  let told = 0;
  const sign = () => {
    const now = Date.now();
    if (now - told < TELL_EVERY_MS || useLock.getState().locked) return;
    told = now;
    localStorage.setItem(ACTIVE, String(now));
  };
  const look = () => {
    const { locked, setLocked } = useLock.getState();
    if (!locked && minutes > 0 && Date.now() - lastSign() > minutes * 60_000) setLocked(true);
  };
  const follow = (event: StorageEvent) => {
    if (event.key === LOCKED) useLock.setState({ locked: event.newValue === "yes" });
  };
  if (!useLock.getState().locked) localStorage.setItem(ACTIVE, String(Date.now()));
  for (const name of SIGNS) window.addEventListener(name, sign, { passive: true, capture: true });
  window.addEventListener("storage", follow);
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    for (const name of SIGNS) window.removeEventListener(name, sign, { capture: true });
    window.removeEventListener("storage", follow);
    clearInterval(timer);
  };
}
