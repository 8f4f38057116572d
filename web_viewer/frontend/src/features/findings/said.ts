import type { TFunction } from "i18next";
import type { Finding, Statement } from "../../lib/model";
import { percentText } from "../../lib/quantity";
import { regionText } from "../../lib/wording";

/** Return a statement in words: "present, high, right upper quadrant". */
export function statementText(t: TFunction, said: Statement): string {
  const { presence, certainty, region } = said;
  const words = [
    t(`presence.${presence}`),
    presence === "present" && t(`certainty.${certainty}`),
    presence !== "absent" && region && regionText(t, region),
  ];
  return words.filter(Boolean).join(", ");
}

/** Return what was said of a finding before its reader stated it; nothing where nobody did. */
export function saidBefore(t: TFunction, finding: Finding): string {
  if (!finding.stated) return "";
  const said = statementText(t, finding.stated.instead_of);
  if (finding.drawn_by) return t("findings.said.outline", { said });
  const probability = percentText(finding.probability).replace(" ", "\u00a0");
  return t("findings.said.model", { said: `${said} (${probability})` });
}
