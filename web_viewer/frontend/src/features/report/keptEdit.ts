/**
 * Unsaved words, kept on this workstation so that neither a reload nor a crash of tab or browser takes them.
 *
 * Each page keeps its own, so that none writes over those of another tab. A page that is opened takes over the
 * words that were kept last; a page that still shows them hears of it and keeps them again.
 */

import type { Report } from "../../lib/model";
import type { SectionTexts } from "./reportText";

export interface KeptEdit {
  base: Report; // the version that was edited
  texts: SectionTexts;
}

interface Kept<Words> {
  at: number; // POSIX ms
  words: Words;
}

const PREFIX = "kidray.unsaved.";
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000; // words that nobody came back to are of no use by then

/** Names this page; the name of the one before it in this tab leads to its words, as after a reload. */
const PAGE = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
const BEFORE = sessionStorage.getItem("kidray.page");
sessionStorage.setItem("kidray.page", PAGE);

type Kind = "edit" | "addendum";

const shown = new Map<Kind, { key: string; words: unknown }>(); // what this page keeps, and still shows
window.addEventListener("storage", ({ key, newValue }) => {
  for (const { key: own, words } of shown.values()) if (own === key && newValue === null) write(own, words);
});

/** Name a reader's words on one study: another login on this workstation sees none of them. */
const nameOf = (kind: Kind, owner: string, studyUid: string) =>
  `${PREFIX}${kind}.${encodeURIComponent(owner)}.${studyUid}`;

export const keepEdit = (owner: string, studyUid: string, edit: KeptEdit | null): void =>
  keep("edit", nameOf("edit", owner, studyUid), edit);

/** Take over the words that were kept of this study; null where there are none. */
export const takeEdit = (owner: string, studyUid: string): KeptEdit | null =>
  take<KeptEdit>("edit", nameOf("edit", owner, studyUid));

export const keepAddendum = (owner: string, studyUid: string, text: string): void =>
  keep("addendum", nameOf("addendum", owner, studyUid), text || null);

export const takeAddendum = (owner: string, studyUid: string): string =>
  take<string>("addendum", nameOf("addendum", owner, studyUid)) ?? "";

/** Leave what is kept to whoever takes it over: this page shows it no longer. */
export const letGo = (kind: Kind): boolean => shown.delete(kind);

function keep(kind: Kind, name: string, words: unknown): void {
  const key = `${name}/${PAGE}`;
  if (words === null) {
    shown.delete(kind);
    localStorage.removeItem(key);
  } else {
    shown.set(kind, { key, words });
    write(key, words);
  }
}

const write = (key: string, words: unknown) =>
  localStorage.setItem(key, JSON.stringify({ at: Date.now(), words }));

function take<Words>(kind: Kind, name: string): Words | null {
  forgetOld();
  const own = `${name}/${PAGE}`;
  const found = [own, `${name}/${BEFORE}`].find((key) => read(key)) ?? latestOf(name);
  const kept = found === undefined ? null : read<Words>(found);
  if (kept && found !== undefined && found !== own) {
    localStorage.setItem(own, JSON.stringify(kept));
    localStorage.removeItem(found);
  }
  if (kept) shown.set(kind, { key: own, words: kept.words });
  return kept?.words ?? null;
}

function latestOf(name: string): string | undefined {
  const keys = Object.keys(localStorage).filter((key) => key === name || key.startsWith(`${name}/`));
  return keys.sort((one, other) => (read(other)?.at ?? 0) - (read(one)?.at ?? 0))[0];
}

function read<Words>(key: string): Kept<Words> | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as Kept<Words> | null;
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
