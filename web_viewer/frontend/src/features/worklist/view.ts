/** What of the worklist is shown, and the views that a reader keeps under a name on this workstation. */

import { create } from "zustand";
import type { Shown } from "./WorklistFilters";

export const DELIVERIES = ["any", "pending", "sent", "failed"] as const;
export type DeliveryChoice = (typeof DELIVERIES)[number];

export interface View {
  only: Shown;
  delivery: DeliveryChoice;
  text: string;
}

export const EVERYTHING: View = { only: "all", delivery: "any", text: "" };

export const isEverything = (view: View): boolean =>
  view.only === EVERYTHING.only && view.delivery === EVERYTHING.delivery && view.text.trim() === "";

export const sameView = (one: View, other: View): boolean =>
  one.only === other.only && one.delivery === other.delivery && one.text.trim() === other.text.trim();

interface SavedView extends View {
  name: string;
}

const KEY = "kidray.views";
const MOST = 20;
export const LONGEST_NAME = 40;

/** Return the views that were kept; what is not one of them is left out. */
export function readViews(text: string | null): SavedView[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isSaved).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function isSaved(value: unknown): value is SavedView {
  if (typeof value !== "object" || value === null) return false;
  const { name, only, delivery, text } = value as Record<string, unknown>;
  return (
    [name, only, text].every((each) => typeof each === "string") &&
    DELIVERIES.some((each) => each === delivery)
  );
}

interface SavedViews {
  views: readonly SavedView[];
  save: (name: string, view: View) => void;
  forget: (name: string) => void;
}

export const useSavedViews = create<SavedViews>((set, get) => {
  const keep = (views: SavedView[]) => {
    localStorage.setItem(KEY, JSON.stringify(views));
    set({ views });
  };
  return {
    views: readViews(localStorage.getItem(KEY)),
    save: (name, { only, delivery, text }) => {
      const others = get().views.filter((view) => view.name !== name);
      keep([...others, { name, only, delivery, text: text.trim() }].slice(-MOST));
    },
    forget: (name) => keep(get().views.filter((view) => view.name !== name)),
  };
});
