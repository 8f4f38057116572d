import { CertaintyMeter } from "../../components/CertaintyMeter";
import type { FindingTable } from "../../lib/findingNames";
import { useWords } from "../../lib/i18n";
import type { FindingGist } from "../../lib/model";
import { percentText } from "../../lib/quantity";
import { strongestByLabel } from "./strongest";
import style from "./worklist.module.css";

interface ChipsProps {
  findings: readonly FindingGist[];
  read: boolean; // whether the model has read the whole study
  table: FindingTable;
}

/** What the model saw, one chip a finding: colour as on the image, certainty as bars. */
export function FindingChips({ findings, read, table }: ChipsProps) {
  const { t } = useWords();
  const { nameOf, colorOf, isCritical } = table;
  const seen = [...strongestByLabel(findings)].sort(
    (one, other) => Number(isCritical(other.label)) - Number(isCritical(one.label)),
  );
  if (seen.length === 0) return read ? <span className={style.quiet}>{t("worklist.noFinding")}</span> : null;
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
