/** How far the language model is with each study's wording; see the service's `study/progress.py`. */

import { create } from "zustand";

/** What `/api/events` says of one wording. It never holds a sentence: nobody has checked them yet. */
export interface WordingProgress {
  study_uid: string;
  stage: "asked" | "wording" | "checking" | "ended";
  question: number;
  sentences: number;
}

export const useWordingProgress = create<{ byStudy: Readonly<Record<string, WordingProgress>> }>(() => ({
  byStudy: {},
}));

/** Keep what was heard of one study, and forget it once its draft says how it ended. */
export function noteProgress(progress: WordingProgress): void {
  useWordingProgress.setState(({ byStudy }) => {
    const { [progress.study_uid]: _, ...others } = byStudy;
    return { byStudy: progress.stage === "ended" ? others : { ...others, [progress.study_uid]: progress } };
  });
}
