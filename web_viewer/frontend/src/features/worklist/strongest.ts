/** A study's findings over all its radiographs. Pure. */

import type { FindingGist } from "../../lib/model";

/**
 * Return, for each finding that is not absent, the one radiograph's where it is likeliest; present before
 * indeterminate ones, likeliest first.
 */
export function strongestByLabel<T extends FindingGist>(findings: readonly T[]): T[] {
  const strongest = new Map<string, T>();
  for (const finding of findings) {
    if (finding.presence === "absent") continue;
    const known = strongest.get(finding.label);
    if (!known || known.probability < finding.probability) strongest.set(finding.label, finding);
  }
  return [...strongest.values()].sort(
    (one, other) =>
      Number(other.presence === "present") - Number(one.presence === "present") ||
      other.probability - one.probability,
  );
}
