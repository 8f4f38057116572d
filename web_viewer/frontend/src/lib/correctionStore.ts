/** Whose outline the reader is drawing anew; shared by the findings and the image. */

import { create } from "zustand";

interface CorrectionChoice {
  findingId: string | null;
  begin: (findingId: string) => void;
  end: () => void;
}

export const useCorrection = create<CorrectionChoice>((set) => ({
  findingId: null,
  begin: (findingId) => set({ findingId }),
  end: () => set({ findingId: null }),
}));
