import { useTranslation } from "react-i18next";
import { useFindingTable } from "../../lib/findingNames";
import type { Check } from "../../lib/model";
import style from "./report.module.css";
import { worded } from "./reviewWords";

/** What the reader's own words in one section are at odds with; it stops nobody. */
export function Objections({ checks }: { checks: readonly Check[] }) {
  const { t } = useTranslation();
  const { nameOf } = useFindingTable();
  if (checks.length === 0) return null;
  return (
    <ul className={style.objections} title={t("review.objections")} data-testid="objections">
      {checks.map((check) => (
        <li key={`${check.rule}:${check.finding}:${check.sentence}`} data-rule={check.rule}>
          {worded(check, t, nameOf)}
          {check.sentence && <q>{check.sentence}</q>}
        </li>
      ))}
    </ul>
  );
}
