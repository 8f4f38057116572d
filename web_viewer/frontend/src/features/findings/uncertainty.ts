import type { Finding } from "../../lib/model";

const UNSURE = 0.5; // bits a pixel, on average, within the outline

/**
 * Return whether a finding that is called present has an outline that the model itself doubts.
 *
 * A finding's uncertainty is the larger of two doubts. That in its presence is said by the certainty beside it;
 * what exceeds it is the outline's. An outline that a reader drew is nobody's doubt.
 */
export function hasUncertainOutline(finding: Finding): boolean {
  const { presence, uncertainty, probability, operating_point: from, drawn_by } = finding;
  if (presence !== "present" || uncertainty === null || drawn_by) return false;
  const inPresence = 1 - (probability - from) / Math.max(1 - from, 1e-9);
  return uncertainty >= UNSURE && uncertainty > inPresence + 0.01;
}
