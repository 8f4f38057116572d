/** A tone for critical results: off until the person at this workstation wants it; remembered on it. */

import { useEffect } from "react";
import { create } from "zustand";
import { callOf, isWaiting } from "./alerts";
import type { WorklistItem } from "./model";

const KEY = "kidray.alarm";

export type Choice = "on" | "off" | null; // null: not asked yet

interface Alarm {
  choice: Choice;
  blocked: boolean; // whether the browser refuses to play before the page was used
  choose: (choice: "on" | "off") => void;
}

export const useAlarm = create<Alarm>((set) => ({
  choice: localStorage.getItem(KEY) as Choice,
  blocked: false,
  choose: (choice) => {
    localStorage.setItem(KEY, choice);
    set({ choice });
    if (choice === "on") void play();
  },
}));

let context: AudioContext | undefined;

/** Play two short falling notes, quiet enough for a reading room. */
export async function play(): Promise<void> {
  context ??= new AudioContext();
  if (context.state === "suspended") {
    // It stays pending for ever where the page was not used yet.
    await Promise.race([context.resume(), new Promise((settle) => setTimeout(settle, 200))]);
  }
  const blocked = context.state !== "running";
  useAlarm.setState({ blocked });
  if (blocked) return;
  for (const [frequency, after] of [
    [880, 0],
    [660, 0.22],
  ] as const) {
    note(context, frequency, context.currentTime + after);
  }
}

function note(on: AudioContext, frequency: number, start: number): void {
  const oscillator = new OscillatorNode(on, { type: "sine", frequency });
  const loudness = new GainNode(on, { gain: 0 });
  loudness.gain.setValueAtTime(0, start);
  loudness.gain.linearRampToValueAtTime(0.25, start + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.2);
  oscillator.connect(loudness).connect(on.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.22);
}

const heard = new Set<string>(); // whichever page is open

/** Play the tone, where it is wanted, once for each alert that comes in and each time it is called again. */
export function useTone(items: readonly WorklistItem[] | undefined): void {
  const choice = useAlarm((state) => state.choice);
  useEffect(() => {
    if (!items) return;
    const calls = items.flatMap((item) =>
      item.alert && isWaiting(item) ? [callOf(item.study_uid, item.alert)] : [],
    );
    const news = calls.filter((call) => !heard.has(call));
    for (const call of news) heard.add(call);
    if (choice === "on" && news.length > 0) void play();
  }, [items, choice]);
}
