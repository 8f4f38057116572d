import { Check, Eye, EyeOff, ListChecks, PencilLine, SlidersHorizontal, X } from "lucide-react";
import { lazy, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../../components/Button";
import { CertaintyMeter } from "../../components/CertaintyMeter";
import { Later } from "../../components/Later";
import { useCorrection } from "../../lib/correctionStore";
import { useFindingTable } from "../../lib/findingNames";
import type { AssessmentVerdict, Finding } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { areaText, percentText } from "../../lib/quantity";
import { regionText } from "../../lib/wording";
import style from "./findings.module.css";
import { StatedLine } from "./StatedLine";
import { hasUncertainOutline } from "./uncertainty";

/** Levels are counted by their flat edges, which is an estimate; parts are what they are. */
function countKey(finding: Finding) {
  return finding.label === "air_fluid_levels" ? "findings.countLevels" : "findings.countParts";
}

const ThresholdControl = lazy(() =>
  import("./threshold/ThresholdControl").then((module) => ({ default: module.ThresholdControl })),
);

const StatementEditor = lazy(() =>
  import("./statement/StatementEditor").then((module) => ({ default: module.StatementEditor })),
);

interface RowProps {
  studyUid: string;
  finding: Finding;
  verdict: AssessmentVerdict | null;
  signed: boolean;
  editing: boolean;
  onVerdict: (verdict: AssessmentVerdict) => void;
  onEdit: (open: boolean) => void;
}

export function FindingRow({ studyUid, finding, verdict, signed, editing, onVerdict, onEdit }: RowProps) {
  const { t } = useTranslation();
  const { nameOf, colorOf, isCritical } = useFindingTable();
  const name = nameOf(finding.label);
  const hidden = useOverlay((state) => state.hidden.has(finding.label));
  const selected = useOverlay((state) => state.selected === finding.id);
  const correcting = useCorrection((state) => state.findingId === finding.id);
  const { select, toggle } = useOverlay.getState();
  const [cutting, setCutting] = useState(false);
  useEffect(() => {
    if (correcting) setCutting(false); // what is drawn on is what is shown
  }, [correcting]);
  const unsure = finding.presence === "indeterminate";
  const sureness = unsure ? t("presence.indeterminate") : t(`certainty.${finding.certainty}`);
  const facts = [
    finding.region ? regionText(t, finding.region) : "",
    areaText(finding),
    finding.count > 1 ? t(countKey(finding), { count: finding.count }) : "",
  ].filter(Boolean);

  return (
    <li
      className={style.row}
      data-testid={`finding-row-${finding.label}`}
      data-selected={selected}
      data-verdict={verdict}
    >
      <div>
        <button
          type="button"
          className={style.main}
          aria-pressed={selected}
          onClick={() => select(selected ? null : finding.id)}
        >
          <i
            className={style.swatch}
            style={{ color: colorOf(finding.label) }}
            data-hollow={unsure}
            aria-hidden
          />
          <span className={style.name}>
            {name}
            {isCritical(finding.label) && <em>{t("findings.critical")}</em>}
          </span>
          {!finding.stated && (
            <span
              className={style.probability}
              title={t("findings.threshold", { value: percentText(finding.operating_point) })}
            >
              {percentText(finding.probability)}
            </span>
          )}
          <span className={style.facts}>
            <span>
              <CertaintyMeter
                certainty={finding.certainty}
                uncertainty={finding.stated ? null : finding.uncertainty}
              />
              {sureness}
            </span>
            {facts.map((fact) => (
              <span key={fact}>{fact}</span>
            ))}
            {hasUncertainOutline(finding) && (
              <span>
                <em
                  data-testid={`finding-uncertain-${finding.label}`}
                  title={t("unread.uncertain.outlineLong")}
                >
                  {t("unread.uncertain.outline")}
                </em>
              </span>
            )}
          </span>
          {finding.drawn_by && (
            <span className={style.drawn} data-testid={`finding-drawn-${finding.label}`}>
              {t("findings.drawnBy", { name: finding.drawn_by })}
            </span>
          )}
          <StatedLine finding={finding} />
        </button>
        <div className={style.actions}>
          <IconButton
            label={t(hidden ? "findings.show" : "findings.hide", { finding: name })}
            data-testid={`finding-toggle-${finding.label}`}
            aria-pressed={!hidden}
            onClick={() => toggle(finding.label)}
          >
            {hidden ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
          </IconButton>
          <IconButton
            label={t("findings.cut", { finding: name })}
            data-testid={`finding-cut-${finding.label}`}
            aria-expanded={cutting}
            disabled={correcting}
            onClick={() => setCutting(!cutting)}
          >
            <SlidersHorizontal size={16} aria-hidden />
          </IconButton>
          <IconButton
            label={t("findings.correct", { finding: name })}
            data-testid={`finding-correct-${finding.label}`}
            disabled={signed}
            aria-pressed={correcting}
            onClick={() => useCorrection.getState().begin(finding.id)}
          >
            <PencilLine size={16} aria-hidden />
          </IconButton>
          <IconButton
            label={t("findings.edit", { finding: name })}
            data-testid={`finding-edit-${finding.label}`}
            data-edit={finding.id}
            disabled={signed}
            aria-expanded={editing}
            onClick={() => onEdit(!editing)}
          >
            <ListChecks size={16} aria-hidden />
          </IconButton>
          {VERDICTS.map(({ given, icon: Icon, word }) => (
            <IconButton
              key={given}
              label={t(word, { finding: name })}
              aria-pressed={verdict === given}
              data-given={given}
              data-testid={`finding-${given === "accepted" ? "accept" : "reject"}-${finding.label}`}
              disabled={signed}
              onClick={() => onVerdict(given)}
            >
              <Icon size={16} aria-hidden />
            </IconButton>
          ))}
        </div>
      </div>
      {cutting && (
        <Later>
          <ThresholdControl studyUid={studyUid} finding={finding} />
        </Later>
      )}
      {editing && (
        <Later>
          <StatementEditor
            studyUid={studyUid}
            finding={finding}
            title={t("findings.edit", { finding: name })}
            onClose={() => onEdit(false)}
          />
        </Later>
      )}
    </li>
  );
}

const VERDICTS = [
  { given: "accepted", icon: Check, word: "findings.acceptLong" },
  { given: "rejected", icon: X, word: "findings.rejectLong" },
] as const;
