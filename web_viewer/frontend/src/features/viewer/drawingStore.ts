/** What the reader is drawing on the radiograph at this moment; nothing of it is kept. */

import { create } from "zustand";
import type { Point } from "./geometry";

interface Drawing {
  region: readonly [Point, Point] | null; // corners, image points
  setRegion: (region: readonly [Point, Point] | null) => void;
}

export const useDrawing = create<Drawing>((set) => ({
  region: null,
  setRegion: (region) => set({ region }),
}));
