import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { AppHeader } from "../components/AppHeader";
import { Failure } from "../components/Failure";
import { Later } from "../components/Later";
import { Notice } from "../components/Notice";
import { ReadAgain } from "../components/ReadAgain";
import { StateMark } from "../components/StateMark";
import { AlertBanner } from "../features/alert/AlertBanner";
import { StudyDetails } from "../features/details/StudyDetails";
import { FindingList } from "../features/findings/FindingList";
import { CompareButton, useComparison } from "../features/viewer/Compare";
import { KeyImageButton } from "../features/viewer/KeyImageButton";
import { priorTitle } from "../features/viewer/priorTitle";
import { RadiographPane } from "../features/viewer/RadiographPane";
import { RadiographStrip } from "../features/viewer/RadiographStrip";
import { useCorrection } from "../lib/correctionStore";
import { useFindingTable } from "../lib/findingNames";
import { useFirstImage } from "../lib/firstImage";
import { navigate } from "../lib/location";
import type {
  AnnotationSet,
  Finding,
  FindingLabel,
  PriorStudy,
  ShownRadiograph,
  StudyRecord,
} from "../lib/model";
import { useOverlay } from "../lib/overlayStore";
import {
  headerQuery,
  overlayQuery,
  pixelsQuery,
  priorsQuery,
  queryClient,
  radiographsQuery,
  readingOf,
} from "../lib/queries";
import { useShortcuts } from "../lib/shortcuts";
import { unreadText, unreadTexts } from "../lib/wording";
import { BackLink } from "./BackLink";
import { NextStudy } from "./NextStudy";
import { OtherAlerts } from "./OtherAlerts";
import { PatientLine } from "./PatientLine";
import style from "./viewerPage.module.css";

const ReportPanel = lazy(() => import("../features/report/ReportPanel"));

const FailureText = lazy(() => import("../components/FailureText"));

const AlsoReading = lazy(() => import("../features/presence/AlsoReading"));

const MeasurementList = lazy(() =>
  import("../features/viewer/measurement/MeasurementList").then((module) => ({
    default: module.MeasurementList,
  })),
);

interface ReadingProps {
  record: StudyRecord;
  lost: Error | null; // why what is shown may be old
}

/** One study: radiograph, findings, report. */
export function StudyReading({ record, lost }: ReadingProps) {
  const { t } = useTranslation();
  const { isCritical } = useFindingTable();
  const [wanted, setWanted] = useState<string | null>(null);
  const imageShown = useFirstImage((state) => state.shown);
  const radiographs = useRadiographs(record, imageShown);
  const chosen = chosenRadiograph(radiographs, record.findings, wanted, isCritical);
  const priors = useQuery({ ...priorsQuery(record.study_uid), enabled: imageShown }).data ?? NO_PRIORS;
  const prior = chosenPrior(priors, wanted);
  const beside = useComparison((state) => state.beside);
  const compared = prior ?? chosenPrior(priors, priors[0]?.radiographs[0]?.instance_uid ?? null);
  useRadiographsAhead(record, radiographs, chosen?.instance_uid);
  const findings = useMemo(
    () => record.findings.filter((finding) => finding.radiograph_uid === chosen?.instance_uid),
    [record.findings, chosen?.instance_uid],
  );
  useEffect(
    () =>
      useOverlay.subscribe(({ selected }) => {
        const finding = record.findings.find(({ id }) => id === selected);
        if (finding) setWanted(finding.radiograph_uid); // a sentence may rest on another radiograph
      }),
    [record.findings],
  );
  useShortcuts({
    Escape: () => {
      if (useCorrection.getState().findingId !== null) return; // ends the drawing, not the reading
      navigate("/");
    },
  });
  return (
    <div className={style.page}>
      <AppHeader>
        <BackLink />
        <PatientLine summary={record.summary} />
        <StateMark state={record.state} />
        <Later>
          <AlsoReading studyUid={record.study_uid} />
        </Later>
        <StudyDetails record={record} />
        <OtherAlerts studyUid={record.study_uid} />
        <NextStudy studyUid={record.study_uid} />
      </AppHeader>
      {lost && (
        <Failure
          error={lost}
          onRetry={() => void queryClient.invalidateQueries({ queryKey: ["study", record.study_uid] })}
        />
      )}
      {record.alert && (
        <AlertBanner studyUid={record.study_uid} alert={record.alert} findings={record.findings} />
      )}
      <main className={style.reading}>
        {(radiographs.length > 1 || priors.length > 0) && chosen && (
          <RadiographStrip
            studyUid={record.study_uid}
            radiographs={radiographs}
            findings={record.findings}
            priors={priors}
            chosen={prior?.radiograph.instance_uid ?? chosen.instance_uid}
            onChoose={setWanted}
          />
        )}
        <div className={style.panes} data-beside={beside && compared !== undefined}>
          {prior && !(beside && chosen) ? (
            <RadiographPane
              studyUid={prior.study.study_uid}
              radiograph={prior.radiograph}
              findings={NO_FINDINGS}
              reading=""
              saved={null}
              locked
              caption={priorTitle(prior.study, t)}
              tools={chosen && <CompareButton />}
            />
          ) : chosen ? (
            <RadiographPane
              key="read"
              studyUid={record.study_uid}
              radiograph={chosen}
              findings={findings}
              reading={readingOf(record)}
              saved={savedOn(record, chosen.instance_uid)}
              locked={record.state === "signed"}
              tools={
                <>
                  <KeyImageButton record={record} instanceUid={chosen.instance_uid} />
                  {priors.length > 0 && <CompareButton />}
                </>
              }
            />
          ) : (
            <div className={style.dark}>
              <Notice>{whyUnread(record, t) || t("viewer.waiting")}</Notice>
            </div>
          )}
          {beside && chosen && compared && (
            <RadiographPane
              key={compared.radiograph.instance_uid}
              studyUid={compared.study.study_uid}
              radiograph={compared.radiograph}
              findings={NO_FINDINGS}
              reading=""
              saved={null}
              locked
              leader={{ width: chosen.columns, height: chosen.rows }}
              caption={priorTitle(compared.study, t)}
            />
          )}
        </div>
        <aside className={style.side}>
          {chosen && (!prior || beside) && (
            <FindingList
              reason={whyUnread(record, t, chosen.instance_uid)}
              studyUid={record.study_uid}
              findings={findings}
              assessments={record.assessments}
              signed={record.state === "signed"}
            />
          )}
          <Later>
            {imageShown && chosen && (!prior || beside) && <MeasurementList studyUid={record.study_uid} />}
          </Later>
          {!imageShown ? null : record.draft ? (
            <Later>
              <ReportPanel
                studyUid={record.study_uid}
                state={record.state}
                report={record.draft}
                findings={record.findings}
                verdicts={record.assessments}
                measuring={record.marks.corrections.some(({ seg }) => seg === null)}
              />
            </Later>
          ) : (
            <NoReport record={record} />
          )}
        </aside>
      </main>
    </div>
  );
}

/** Return what was measured on a radiograph; the same object for the same record. */
function savedOn({ marks }: StudyRecord, instanceUid: string): AnnotationSet | null {
  const found = marks.annotations.find(({ radiograph_uid }) => radiograph_uid === instanceUid);
  return found ?? null;
}

const MOST_AHEAD = 4; // radiographs of 2048 x 2048 take 8 MB each
const NO_PRIORS: readonly PriorStudy[] = [];
const NO_FINDINGS: readonly Finding[] = [];

/** Return the prior's radiograph that the reader has chosen, with its study. */
function chosenPrior(priors: readonly PriorStudy[], wanted: string | null) {
  for (const study of priors) {
    const radiograph = study.radiographs.find(({ instance_uid }) => instance_uid === wanted);
    if (radiograph) return { study, radiograph: { ...radiograph, view: "unknown" as const } };
  }
  return undefined;
}

type Translate = ReturnType<typeof useTranslation>["t"];

/** Return why a radiograph, or the study as a whole, was not read; null where it was, or is to be. */
function whyUnread(record: StudyRecord, t: Translate, instanceUid = ""): ReactNode {
  const own = record.not_read[instanceUid];
  if (own) return unreadText(t, own);
  if (record.failure) {
    return (
      <Later>
        <FailureText failure={record.failure} />
      </Later>
    );
  }
  return unreadTexts(t, record.why_skipped) || null;
}

/** Why there is no report; of a study that failed or was skipped with the way to have it read again. */
function NoReport({ record }: { record: StudyRecord }) {
  const { t } = useTranslation();
  const { state, failure } = record;
  return (
    <div className={style.noReport}>
      <p>
        {state === "failed" && t("report.pendingFailed")}
        {state === "skipped" && t("report.pendingSkipped")}
        {state !== "failed" && state !== "skipped" && t("report.pending")}{" "}
        {failure && (
          <Later>
            <FailureText failure={failure} advised />
          </Later>
        )}
      </p>
      {(state === "failed" || state === "skipped") && <ReadAgain studyUid={record.study_uid} />}
    </div>
  );
}

/** Return the reader's choice, else the radiograph with a critical finding, else with any, else the first. */
function chosenRadiograph(
  radiographs: readonly ShownRadiograph[],
  findings: readonly Finding[],
  wanted: string | null,
  isCritical: (label: FindingLabel) => boolean,
): ShownRadiograph | undefined {
  const seen = findings.filter((finding) => finding.presence !== "absent");
  const shows = (finding: Finding | undefined) =>
    radiographs.find((radiograph) => radiograph.instance_uid === finding?.radiograph_uid);
  return (
    radiographs.find((radiograph) => radiograph.instance_uid === wanted) ??
    shows(seen.find((finding) => isCritical(finding.label))) ??
    shows(seen[0]) ??
    radiographs[0]
  );
}

/** Fetch the study's other radiographs while the first is read. */
function useRadiographsAhead(
  record: StudyRecord,
  radiographs: readonly ShownRadiograph[],
  shown: string | undefined,
): void {
  const reading = readingOf(record);
  const drawn = useQuery({ ...pixelsQuery(record.study_uid, shown ?? ""), enabled: false }).isSuccess;
  useEffect(() => {
    if (!drawn) return;
    for (const { instance_uid } of radiographs.slice(0, MOST_AHEAD)) {
      if (instance_uid === shown) continue;
      void queryClient.prefetchQuery(headerQuery(record.study_uid, instance_uid));
      void queryClient.prefetchQuery(pixelsQuery(record.study_uid, instance_uid));
      if (reading) void queryClient.prefetchQuery(overlayQuery(record.study_uid, instance_uid, reading));
    }
  }, [drawn, radiographs, shown, record.study_uid, reading]);
}

/** Return every radiograph of the study, with the view of those that the model has read. */
function useRadiographs(record: StudyRecord, enabled: boolean): readonly ShownRadiograph[] {
  const wanted = enabled || record.radiographs.length === 0; // else the image is known without
  const query = radiographsQuery(record.study_uid, record.instances);
  const received = useQuery({ ...query, enabled: wanted }).data;
  const read = record.radiographs;
  return (
    received?.map((each) => ({
      ...each,
      view: read.find(({ instance_uid }) => instance_uid === each.instance_uid)?.view ?? "unknown",
    })) ?? read
  );
}
