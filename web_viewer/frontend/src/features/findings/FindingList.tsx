import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Notice } from "../../components/Notice";
import { useFindingTable } from "../../lib/findingNames";
import type { AssessmentVerdict, Finding } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { useShortcuts } from "../../lib/shortcuts";
import { AbsentFindings } from "./AbsentFindings";
import { useEditing } from "./editing";
import { FindingRow } from "./FindingRow";
import style from "./findings.module.css";
import { useAssessment } from "./useAssessment";

interface ListProps {
  studyUid: string;
  findings: readonly Finding[]; // of one radiograph
  assessments: Readonly<Record<string, AssessmentVerdict>>;
  signed: boolean;
  reason: ReactNode; // why the model did not read the study
}

/** What the model says of one radiograph: seen first, then what it looked for and did not see. */
export function FindingList({ studyUid, findings, assessments, signed, reason }: ListProps) {
  const { t } = useTranslation();
  const { rows: table, isCritical } = useFindingTable();
  const assess = useAssessment(studyUid);
  const selected = useOverlay((state) => state.selected);
  const select = useOverlay((state) => state.select);
  const toggle = useOverlay((state) => state.toggle);
  const list = useRef<HTMLElement>(null);
  const editing = useEditing(list);
  const seen = findings
    .filter((finding) => finding.presence !== "absent")
    .sort(
      (one, other) =>
        Number(isCritical(other.label)) - Number(isCritical(one.label)) ||
        other.probability - one.probability,
    );
  const absent = findings.filter((finding) => finding.presence === "absent");

  const step = (by: number) => {
    const at = seen.findIndex((finding) => finding.id === selected);
    const next = seen[(at + by + seen.length) % Math.max(1, seen.length)] ?? seen[0];
    select(next?.id ?? null);
  };
  const keys = table.map((row, index) => [String(index + 1), () => toggle(row.label)] as const);
  useShortcuts({ ...Object.fromEntries(keys), j: () => step(1), k: () => step(selected ? -1 : 0) });

  return (
    <section ref={list} className={style.findings} aria-label={t("findings.title")}>
      <h2 className={style.title}>
        {t("findings.title")}
        {seen.some((finding) => finding.area_mm2 !== null && finding.area_plane !== "patient") && (
          <small>{t("findings.areaNote")}</small>
        )}
      </h2>
      {assess.error && (
        <Notice tone="critical">{t("findings.assessFailed", { reason: assess.error.message })}</Notice>
      )}
      {findings.length === 0 && <p className={style.quiet}>{reason ?? t("findings.none")}</p>}
      <ul>
        {seen.map((finding) => (
          <FindingRow
            key={finding.id}
            studyUid={studyUid}
            finding={finding}
            verdict={assessments[finding.id] ?? null}
            signed={signed}
            editing={editing.what === finding.id && !signed}
            onEdit={(open) => (open ? editing.turn(finding.id) : editing.close(finding.id))}
            onVerdict={(verdict) => assess.mutate({ findingId: finding.id, verdict })}
          />
        ))}
      </ul>
      {absent.length > 0 && (
        <AbsentFindings studyUid={studyUid} absent={absent} signed={signed} editing={editing} />
      )}
    </section>
  );
}
