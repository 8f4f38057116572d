/** What the reader chose to see of the overlay; shared by the image, the findings and the report. */

import { create } from "zustand";

interface OverlayChoice {
  opacity: number;
  hidden: ReadonlySet<string>; // finding labels
  off: boolean; // hidden until switched on again
  held: boolean; // hidden while a key is held
  selected: string | null; // finding id
  setOpacity: (opacity: number) => void;
  toggle: (label: string) => void;
  toggleAll: () => void;
  hold: (held: boolean) => void;
  select: (findingId: string | null) => void;
  reset: () => void;
}

const FRESH = {
  opacity: 1,
  hidden: new Set<string>() as ReadonlySet<string>,
  off: false,
  held: false,
  selected: null,
};

export const useOverlay = create<OverlayChoice>((set) => ({
  ...FRESH,
  setOpacity: (opacity) => set({ opacity: Math.min(1, Math.max(0, opacity)), off: false }),
  toggle: (label) =>
    set(({ hidden }) => {
      const next = new Set(hidden);
      if (!next.delete(label)) next.add(label);
      return { hidden: next, off: false };
    }),
  toggleAll: () => set(({ off }) => ({ off: !off })),
  hold: (held) => set({ held }),
  select: (selected) => set({ selected }),
  reset: () => set(FRESH),
}));
