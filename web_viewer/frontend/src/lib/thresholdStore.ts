/** Where readers cut findings' probability maps, for the screen alone; shared by the findings and the image. */

import { create } from "zustand";
import type { ProbabilityMap } from "./model";

export interface Cut {
  map: ProbabilityMap;
  values: Uint8Array; // rows x columns, 255 for a probability of 1
  threshold: number; // 0..1
  beside: string | null; // who drew the outline that stays as it is; null: the cut takes the place of the model's
}

interface Thresholds {
  cuts: Readonly<Record<string, Cut>>; // by finding id; none: the outline is drawn as it is kept
  drawn: boolean; // whether what draws cuts is there; it is loaded with the first
  set: (findingId: string, cut: Cut | null) => void;
}

export const useThresholds = create<Thresholds>((set) => ({
  cuts: {},
  drawn: false,
  set: (findingId, cut) =>
    set(({ cuts: { [findingId]: _, ...others } }) => ({
      cuts: cut ? { ...others, [findingId]: cut } : others,
    })),
}));

/** Return what is drawn in place of a finding's own outline; null where that is drawn. */
export function replacementOf(findingId: string): Cut | null {
  const { cuts, drawn } = useThresholds.getState();
  const cut = cuts[findingId];
  return drawn && cut?.beside === null ? cut : null;
}

/** Return whether a finding's own outline gives way to what the reader cut. */
export const isReplaced = (findingId: string): boolean => replacementOf(findingId) !== null;
