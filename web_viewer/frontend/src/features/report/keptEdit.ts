/** Unsaved words, kept for this tab so that a reload or a crash does not take them. */

import type { SectionTexts } from "./reportText";

interface KeptEdit {
  version: number; // of the report that was edited
  texts: SectionTexts;
}

const key = (studyUid: string) => `kidray.edit.${studyUid}`;

export function keepEdit(studyUid: string, edit: KeptEdit | null): void {
  if (edit) sessionStorage.setItem(key(studyUid), JSON.stringify(edit));
  else sessionStorage.removeItem(key(studyUid));
}

/** Return the words kept for this version of the report; null where there are none. */
export function keptEdit(studyUid: string, version: number): SectionTexts | null {
  const kept = sessionStorage.getItem(key(studyUid));
  if (!kept) return null;
  const edit = JSON.parse(kept) as KeptEdit;
  return edit.version === version ? edit.texts : null;
}

const addendumKey = (studyUid: string) => `kidray.addendum.${studyUid}`;

export function keepAddendum(studyUid: string, text: string): void {
  if (text) sessionStorage.setItem(addendumKey(studyUid), text);
  else sessionStorage.removeItem(addendumKey(studyUid));
}

export const keptAddendum = (studyUid: string): string => sessionStorage.getItem(addendumKey(studyUid)) ?? "";
