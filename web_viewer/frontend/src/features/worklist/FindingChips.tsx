import { useTranslation } from "react-i18next";
import { CertaintyMeter } from "../../components/CertaintyMeter";
import { useFindingTable } from "../../lib/findingNames";
import type { FindingGist } from "../../lib/model";
import { percentText } from "../../lib/quantity";
import { strongestByLabel } from "./strongest";
import style from "./worklist.module.css";

/** What the model saw, one chip a finding: colour as on the image, certainty as bars. */
export function FindingChips({ findings }: { findings: readonly FindingGist[] }) {
  const { t } = useTranslation();
  const { nameOf, colorOf, isCritical } = useFindingTable();
  const seen = strongestByLabel(findings);
  if (findings.length > 0 && seen.length === 0) {
    return <span className={style.quiet}>{t("worklist.noFinding")}</span>;
  }
  return (
    <ul className={style.chips}>
      {seen.map((finding) => (
        <li
          key={finding.id}
          className={style.chip}
          data-critical={isCritical(finding.label)}
          data-presence={finding.presence}
          title={`${t(`presence.${finding.presence}`)}, ${percentText(finding.probability)}`}
        >
          <i className={style.swatch} style={{ background: colorOf(finding.label) }} aria-hidden />
          {finding.presence === "indeterminate" && <span className={style.quiet}>?</span>}
          {nameOf(finding.label)}
          <CertaintyMeter certainty={finding.certainty} />
        </li>
      ))}
    </ul>
  );
}
