/** What the reader is drawing on the radiograph at this moment; nothing of it is kept. */

import { create } from "zustand";
import type { Point } from "./geometry";

export interface Stroke {
  points: readonly Point[]; // image points
  radius: number; // image pixels
  inside: boolean; // or erased
}

interface Drawing {
  region: readonly [Point, Point] | null; // corners, image points
  stroke: Stroke | null;
  polygon: readonly Point[]; // not closed yet
  cursor: Point | null; // image point under the pointer
  color: string; // of what is drawn
  radius: number; // of the brush, in image pixels
  set: (change: Partial<Omit<Drawing, "set">>) => void;
}

export const useDrawing = create<Drawing>((set) => ({
  region: null,
  stroke: null,
  polygon: [],
  cursor: null,
  color: "#fff",
  radius: 20,
  set: (change) => set(change),
}));
