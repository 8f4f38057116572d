/** Keys that work wherever the focus is, unless someone is typing. */

import { useEffect, useRef } from "react";

export type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

const TYPING = "input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable=true]";

/** Return the name of a pressed key as used in the tables, such as `h`, `?` or `mod+s`. */
export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `mod+${key}` : event.altKey ? `alt+${key}` : key;
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPING) !== null;
}

/** Return whether a key belongs to what is open or has the focus: a dialog, a popover's Escape, a slider's arrows. */
function isTaken(name: string, target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]")) return true;
  if (name === "Escape") return document.querySelector(":popover-open") !== null;
  return name.startsWith("Arrow") && target instanceof Element && target.matches("[type=range]");
}

/** Call the function named by a pressed key unless it is taken; only `mod+` keys work while typing. */
export function useShortcuts(down: Shortcuts, up: Shortcuts = {}): void {
  const latest = useRef({ down, up });
  latest.current = { down, up };
  useEffect(() => {
    const listen = (which: "down" | "up") => (event: KeyboardEvent) => {
      const name = keyName(event);
      const action = latest.current[which][name];
      if (!action || isTaken(name, event.target)) return;
      if (which === "down" && isTyping(event.target) && !name.startsWith("mod+")) return;
      if (which === "down" && !name.startsWith("Arrow")) event.preventDefault();
      action(event);
    };
    const onDown = listen("down");
    const onUp = listen("up");
    window.addEventListener("keydown", onDown);
    window.addEventListener("keyup", onUp);
    return () => {
      window.removeEventListener("keydown", onDown);
      window.removeEventListener("keyup", onUp);
    };
  }, []);
}
