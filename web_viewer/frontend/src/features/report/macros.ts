/** A reader's short phrases: which one the words before the caret call, and what stands in its place. Pure. */

import { BLANK } from "./reportText";

export interface Macro {
  name: string;
  text: string;
}

export const LONGEST_NAME = 24;
export const LONGEST_TEXT = 2000;
export const MOST = 100;

const CALL = /(?:^|[\s(])\.([\p{L}\p{N}][\p{L}\p{N}_-]*)$/u;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]*$/u;

/** A stretch of a text, and what it becomes. */
export interface Replacement {
  start: number;
  end: number;
  text: string;
}

/** Return what a call such as `.name` right before the caret becomes; null where none is there. */
export function calledAt(text: string, caret: number, macros: readonly Macro[]): Replacement | null {
  const name = CALL.exec(text.slice(0, caret))?.[1];
  const macro = name && macros.find((each) => each.name.toLowerCase() === name.toLowerCase());
  return macro ? { start: caret - name.length - 1, end: caret, text: macro.text } : null;
}

/** Return where a phrase from the menu goes: in place of the selection, on a line of its own. */
export function ownLine(text: string, from: number, to: number, phrase: string): Replacement {
  const before = text.slice(text.lastIndexOf("\n", from - 1) + 1, from);
  const after = text.slice(to, `${text}\n`.indexOf("\n", to));
  if (before.trim() === "" && after.trim() === "") return { start: from, end: to, text: phrase };
  if (from !== to) return { start: from, end: to, text: phrase };
  const end = `${text}\n`.indexOf("\n", to); // a sentence is not broken in two
  return { start: end, end, text: `\n${phrase}` };
}

/** Return the first blank in a stretch of a text; null where there is none. */
export function blankIn(text: string, from: number, to = text.length): [number, number] | null {
  const at = text.slice(0, to).indexOf(BLANK, from);
  return at < 0 ? null : [at, at + BLANK.length];
}

export type Fault = "name" | "twice" | "text";

/** Return what keeps a list from being kept, by the number of its line. */
export function faultsOf(macros: readonly Macro[]): ReadonlyMap<number, Fault> {
  const faults = new Map<number, Fault>();
  const seen = new Set<string>();
  macros.forEach(({ name, text }, line) => {
    const folded = name.toLowerCase();
    if (!NAME.test(name) || name.length > LONGEST_NAME) faults.set(line, "name");
    else if (seen.has(folded)) faults.set(line, "twice");
    else if (text.trim() === "" || text.length > LONGEST_TEXT) faults.set(line, "text");
    seen.add(folded);
  });
  return faults;
}
