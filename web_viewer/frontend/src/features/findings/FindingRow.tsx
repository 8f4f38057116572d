import { Check, Eye, EyeOff, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import { CertaintyMeter } from "../../components/CertaintyMeter";
import { useFindingTable } from "../../lib/findingNames";
import type { AssessmentVerdict, Finding } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { areaText, percentText } from "../../lib/quantity";
import style from "./findings.module.css";

interface RowProps {
  finding: Finding;
  verdict: AssessmentVerdict | null;
  signed: boolean;
  onVerdict: (verdict: AssessmentVerdict) => void;
}

export function FindingRow({ finding, verdict, signed, onVerdict }: RowProps) {
  const { t } = useTranslation();
  const { nameOf, colorOf, isCritical } = useFindingTable();
  const name = nameOf(finding.label);
  const hidden = useOverlay((state) => state.hidden.has(finding.label));
  const selected = useOverlay((state) => state.selected === finding.id);
  const { select, toggle } = useOverlay.getState();
  const region = finding.region && finding.region in REGIONS ? finding.region : null;
  const facts = [
    region && t(`region.${region as keyof typeof REGIONS}`),
    areaText(finding),
    finding.count > 1 && t("findings.countLevels", { count: finding.count }),
  ].filter(Boolean);

  return (
    <li
      className={style.row}
      data-testid={`finding-row-${finding.label}`}
      data-selected={selected}
      data-verdict={verdict}
    >
      <button
        type="button"
        className={style.main}
        aria-pressed={selected}
        onClick={() => select(selected ? null : finding.id)}
      >
        <i className={style.swatch} style={{ background: colorOf(finding.label) }} aria-hidden />
        <span className={style.name}>
          {name}
          {isCritical(finding.label) && <em>{t("findings.critical")}</em>}
          {finding.presence === "indeterminate" && <em data-soft>{t("presence.indeterminate")}</em>}
        </span>
        <span
          className={style.probability}
          title={t("findings.threshold", { value: percentText(finding.operating_point) })}
        >
          {percentText(finding.probability)}
          <CertaintyMeter certainty={finding.certainty} />
        </span>
        <span className={style.facts}>
          {[...facts, t("certainty.label", { level: t(`certainty.${finding.certainty}`) })].join(" · ")}
        </span>
      </button>
      <div className={style.actions}>
        <IconButton
          label={t(hidden ? "findings.show" : "findings.hide", { finding: name })}
          data-testid={`finding-toggle-${finding.label}`}
          aria-pressed={!hidden}
          small
          className={style.eye}
          onClick={() => toggle(finding.label)}
        >
          {hidden ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
        </IconButton>
        <span className={style.verdicts}>
          <Button
            small
            aria-pressed={verdict === "accepted"}
            aria-label={t("findings.acceptLong", { finding: name })}
            data-testid={`finding-accept-${finding.label}`}
            disabled={signed}
            onClick={() => onVerdict("accepted")}
          >
            <Check size={14} aria-hidden />
            {t("findings.accept")}
          </Button>
          <Button
            small
            aria-pressed={verdict === "rejected"}
            aria-label={t("findings.rejectLong", { finding: name })}
            data-testid={`finding-reject-${finding.label}`}
            disabled={signed}
            onClick={() => onVerdict("rejected")}
          >
            <X size={14} aria-hidden />
            {t("findings.reject")}
          </Button>
        </span>
      </div>
    </li>
  );
}

const REGIONS = {
  right_upper_quadrant: true,
  left_upper_quadrant: true,
  right_lower_quadrant: true,
  left_lower_quadrant: true,
  central_abdomen: true,
  upper_abdomen: true,
  lower_abdomen: true,
  whole_abdomen: true,
  pelvis: true,
} as const;
