/** Unsaved words, kept on this workstation so that neither a reload nor a crash of tab or browser takes them. */

import type { Report } from "../../lib/model";
import type { SectionTexts } from "./reportText";

export interface KeptEdit {
  base: Report; // the version that was edited
  texts: SectionTexts;
}

const PREFIX = "kidray.unsaved.";
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000; // words that nobody came back to are of no use by then

type Kind = "edit" | "addendum";

/** Name a reader's words on one study: another login on this workstation sees none of them. */
const keyOf = (kind: Kind, owner: string, studyUid: string) =>
  `${PREFIX}${kind}.${encodeURIComponent(owner)}.${studyUid}`;

export function keepEdit(owner: string, studyUid: string, edit: KeptEdit | null): void {
  keep(keyOf("edit", owner, studyUid), edit);
}

/** Return the words that were kept of this study; null where there are none. */
export const keptEdit = (owner: string, studyUid: string): KeptEdit | null =>
  kept<KeptEdit>(keyOf("edit", owner, studyUid));

export function keepAddendum(owner: string, studyUid: string, text: string): void {
  keep(keyOf("addendum", owner, studyUid), text || null);
}

export const keptAddendum = (owner: string, studyUid: string): string =>
  kept<string>(keyOf("addendum", owner, studyUid)) ?? "";

function keep(key: string, words: unknown): void {
  if (words === null) localStorage.removeItem(key);
  else localStorage.setItem(key, JSON.stringify({ at: Date.now(), words }));
}

function kept<Words>(key: string): Words | null {
  forgetOld();
  return read<Words>(key)?.words ?? null;
}

function read<Words>(key: string): { at: number; words: Words } | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as { at: number; words: Words } | null;
  } catch {
    return null; // not ours, or half of it
  }
}

function forgetOld(): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && Date.now() - (read(key)?.at ?? 0) > LONGEST_MS) {
      localStorage.removeItem(key);
    }
  }
}
