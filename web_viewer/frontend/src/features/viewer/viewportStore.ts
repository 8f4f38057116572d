/** How the reader looks at the radiograph: window, placement, tool. */

import { create } from "zustand";
import type { AnnotationKind } from "../../lib/model";
import type { Placement, QuarterTurns } from "./geometry";
import type { Window } from "./grayscale";

export type ViewTool = "window" | "pan" | "zoom" | "region";
export type CorrectionTool = "brush" | "eraser" | "polygon";
export type Tool = ViewTool | CorrectionTool | AnnotationKind;

interface Viewport {
  tool: Tool;
  window: Window | null; // null: as the radiograph says
  negative: boolean; // black for white, on the reader's wish
  placement: Placement | null; // null: fitted
  turns: QuarterTurns;
  flipped: boolean;
  setTool: (tool: Tool) => void;
  setWindow: (window: Window | null) => void;
  toggleNegative: () => void;
  place: (placement: Placement | null) => void;
  turn: () => void;
  flip: () => void;
  reset: () => void;
}

const FRESH = {
  window: null,
  negative: false,
  placement: null,
  turns: 0 as QuarterTurns,
  flipped: false,
};

export const useViewport = create<Viewport>((set) => ({
  ...FRESH,
  tool: "window",
  setTool: (tool) => set({ tool }),
  setWindow: (window) => set({ window }),
  toggleNegative: () => set(({ negative }) => ({ negative: !negative })),
  place: (placement) => set({ placement }),
  turn: () => set(({ turns }) => ({ turns: ((turns + 1) % 4) as QuarterTurns, placement: null })),
  flip: () => set(({ flipped }) => ({ flipped: !flipped, placement: null })),
  reset: () => set(FRESH),
}));
