/** Where the patient's right and left are on the screen. Pure. */

import type { QuarterTurns } from "./geometry";

export type Edge = "left" | "top" | "right" | "bottom";

const CLOCKWISE: readonly Edge[] = ["left", "top", "right", "bottom"];
const OPPOSITE: Readonly<Record<string, string>> = { R: "L", L: "R" };

/**
 * Return the letters at the edges of the image as it is shown.
 *
 * `atLeft` is the patient's side at the left edge of the image as stored; nothing is said where it is unknown.
 */
export function sideLetters(
  atLeft: string,
  turns: QuarterTurns,
  flipped: boolean,
): { edge: Edge; letter: string }[] {
  const opposite = OPPOSITE[atLeft];
  if (!opposite) return [];
  const left = (flipped ? 2 : 0) + turns;
  return [
    { edge: CLOCKWISE[left % 4] as Edge, letter: atLeft },
    { edge: CLOCKWISE[(left + 2) % 4] as Edge, letter: opposite },
  ];
}
