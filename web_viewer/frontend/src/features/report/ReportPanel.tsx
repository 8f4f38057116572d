import { Siren } from "lucide-react";
import { lazy, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Later } from "../../components/Later";
import { Notice } from "../../components/Notice";
import type { AssessmentVerdict, Finding, Report, Sentence, StudyState } from "../../lib/model";
import { useShortcuts } from "../../lib/shortcuts";
import { Addenda } from "./Addenda";
import type { Doubt } from "./DoubtNotice";
import { Objections } from "./Objections";
import { ProposalNotice } from "./ProposalNotice";
import { ReportStatus } from "./ReportStatus";
import style from "./report.module.css";
import { BLANK, proposedTexts, SECTIONS, type SectionTexts } from "./reportText";
import { SectionEditor } from "./SectionEditor";
import { SignBar } from "./SignBar";
import { useReportEdit } from "./useReportEdit";
import { useObjections, useProposal } from "./useReview";
import { WordingProgress } from "./WordingProgress";

const AddendumForm = lazy(() => import("./AddendumForm"));
const ReportTools = lazy(() => import("./ReportTools"));

interface PanelProps {
  studyUid: string;
  state: StudyState;
  report: Report;
  findings: readonly Finding[];
  verdicts: Readonly<Record<string, AssessmentVerdict>>;
  measuring?: boolean; // an outline that a reader drew is not measured yet
}

/** The draft beside the image: read, edit, save, sign. */
export default function ReportPanel({
  studyUid,
  state,
  report,
  findings,
  verdicts,
  measuring = false,
}: PanelProps) {
  const { t } = useTranslation();
  const panel = useRef<HTMLElement>(null);
  const edit = useReportEdit(studyUid, report);
  const open = state === "drafted" && !report.signature;
  const objections = useObjections(studyUid, edit.base, edit.texts, verdicts, findings, open);
  const outdated = objections.some(({ rule }) => rule === "outdated");
  const renewable = outdated && (edit.edited || edit.base.wording.source === "radiologist"); // else a job does it
  const offer = useProposal(studyUid, edit.base, edit.texts, verdicts, findings, renewable, open);
  useShortcuts({
    "mod+s": () => {
      if (open && edit.edited && !edit.save.isPending) edit.save.mutate();
    },
  });
  return (
    <section
      ref={panel}
      className={style.report}
      aria-label={t("report.title")}
      data-version={edit.base.version}
    >
      <div className={style.body}>
        <ReportStatus report={edit.base} />
        <div className={style.tools}>
          <Later>
            <ReportTools
              studyUid={studyUid}
              report={edit.base}
              edited={edit.edited}
              open={open}
              panel={panel}
            />
          </Later>
        </div>
        {state === "drafting" && <WordingProgress studyUid={studyUid} />}
        {report.critical && !report.alert && !report.signature && (
          <p className={style.critical}>
            <Siren size={17} aria-hidden />
            {t("report.critical")}
          </p>
        )}
        {edit.conflict && (
          <Notice
            tone="caution"
            actions={
              <>
                <Button small onClick={edit.discard} data-testid="conflict-theirs">
                  {t("report.conflictTheirs")}
                </Button>
                <Button small onClick={edit.keepMine} data-testid="conflict-mine">
                  {t("report.conflictMine")}
                </Button>
              </>
            }
          >
            {t("report.conflict", {
              version: edit.conflict.version,
              source: t(`report.source.${edit.conflict.wording.source}`),
            })}
          </Notice>
        )}
        {offer && (
          <ProposalNotice
            {...offer}
            findings={findings}
            onTake={(proposal) => edit.replace(proposedTexts(proposal, edit.base, edit.texts))}
          />
        )}
        {SECTIONS.map((section) => {
          const checks = objections.filter((check) => check.section === section);
          return (
            <div key={section}>
              <SectionEditor
                section={section}
                text={edit.texts[section]}
                sentences={edit.base[section]}
                findings={findings}
                language={edit.base.language}
                doubted={checks.map((check) => check.sentence)}
                readOnly={!open}
                onWrite={(text) => edit.write(section, text)}
              />
              <Objections checks={checks} />
            </div>
          );
        })}
        <Addenda report={report} />
        <Fixed title={t("alert.communication")} sentences={report.communication} />
        <Fixed title={t("report.technique")} sentences={report.technique} />
        <Fixed
          title={t("report.comparison")}
          sentences={[{ text: report.comparison, finding_ids: [], rule_id: null }]}
        />
        <Fixed title={t("report.limitations")} sentences={report.limitations} />
        <p className={style.disclaimer}>{report.disclaimer}</p>
      </div>
      {!report.signature && (
        <SignBar edit={edit} open={open} doubt={doubtOf(edit.texts, measuring, outdated)} />
      )}
      {report.signature && state === "signed" && (
        <Later fallback={<div className={style.signBarToCome} />}>
          <AddendumForm key={report.version} studyUid={studyUid} version={report.version} />
        </Later>
      )}
    </section>
  );
}

/** Return what a reader should know before signing, the graver first. */
function doubtOf(texts: SectionTexts, measuring: boolean, outdated: boolean): Doubt | null {
  if (measuring) return "measuring";
  if (outdated) return "outdated";
  return SECTIONS.some((section) => texts[section].includes(BLANK)) ? "blank" : null;
}

function Fixed({ title, sentences }: { title: string; sentences: readonly Sentence[] }) {
  if (sentences.length === 0 || sentences.every((sentence) => !sentence.text)) return null;
  return (
    <div className={style.fixed}>
      <h3>{title}</h3>
      <p>{sentences.map((sentence) => sentence.text).join(" ")}</p>
    </div>
  );
}
