/** The measurements, arrows and texts of the radiograph that is shown, saved or not. */

import { create } from "zustand";
import type { Annotation, AnnotationSet } from "../../../lib/model";

interface Measuring {
  radiographUid: string;
  number: number | null; // of the set that was saved
  items: readonly Annotation[];
  changed: boolean;
  locked: boolean; // signed, or of another study
  draft: Annotation | null; // being drawn, its points not all there
  selected: string | null;
  open: (radiographUid: string, saved: AnnotationSet | null, locked: boolean) => void;
  draw: (draft: Annotation | null) => void;
  add: (item: Annotation) => void;
  change: (item: Annotation) => void;
  remove: (id: string) => void;
  select: (id: string | null) => void;
}

export const useMeasuring = create<Measuring>((set) => ({
  radiographUid: "",
  number: null,
  items: [],
  changed: false,
  locked: true,
  draft: null,
  selected: null,
  // What was not saved yet outlives a refreshed record of the same radiograph.
  open: (radiographUid, saved, locked) =>
    set((state) =>
      state.radiographUid === radiographUid && state.changed && !locked
        ? { locked }
        : {
            radiographUid,
            number: saved?.number ?? null,
            items: saved?.annotations ?? [],
            changed: false,
            locked,
            draft: null,
          },
    ),
  draw: (draft) => set({ draft }),
  add: (item) =>
    set(({ items }) => ({ items: [...items, item], changed: true, draft: null, selected: item.id })),
  change: (item) =>
    set(({ items }) => ({ items: items.map((each) => (each.id === item.id ? item : each)), changed: true })),
  remove: (id) => set(({ items }) => ({ items: items.filter((each) => each.id !== id), changed: true })),
  select: (selected) => set({ selected }),
}));
