/** Words for an objection of the check; the service's own where the viewer knows none. */

import type { TFunction } from "i18next";
import type { Check, FindingLabel } from "../../lib/model";

const KNOWN = [
  "negation",
  "presence",
  "certainty",
  "region",
  "side",
  "radiograph",
  "age",
  "omission",
  "outdated",
] as const;
type Known = (typeof KNOWN)[number];

const isKnown = (rule: string): rule is Known => KNOWN.some((known) => known === rule);

export function worded(check: Check, t: TFunction, nameOf: (label: FindingLabel) => string): string {
  if (!isKnown(check.rule) || !check.finding) return check.message;
  return t(`review.rule.${check.rule}`, { finding: nameOf(check.finding) });
}
