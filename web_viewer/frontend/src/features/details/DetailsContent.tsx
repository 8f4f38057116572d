import { useTranslation } from "react-i18next";
import type { Delivery, StudyRecord, TimelineEntry } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import style from "./details.module.css";
import { ReportFiles } from "./ReportFiles";

/** What happened to the study and when, who read it, where its results went. */
export default function DetailsContent({ record }: { record: StudyRecord }) {
  const { t } = useTranslation();
  const { summary, model } = record;
  return (
    <>
      <dl>
        <Fact term={t("viewer.accession")} text={summary.accession_number} />
        <Fact term={t("viewer.studyUid")} text={record.study_uid} />
        <Fact term={t("viewer.sender")} text={record.calling_ae_title} />
        <Fact term={t("viewer.instances")} text={String(record.instances || "")} />
        <Fact term={t("viewer.model")} text={model ? `${model.name} ${model.version}` : ""} />
      </dl>
      <ReportFiles record={record} />
      <h2>{t("viewer.deliveries")}</h2>
      {record.deliveries.length === 0 && <p>{t("viewer.none")}</p>}
      <ul>
        {record.deliveries.map((delivery) => (
          <DeliveryLine key={`${delivery.destination}:${delivery.instance_uid}`} delivery={delivery} />
        ))}
      </ul>
      <h2>{t("viewer.timeline")}</h2>
      <ol className={style.timeline}>
        {record.timeline.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place in the history
          <TimelineLine key={index} entry={entry} before={record.timeline[index - 1]} />
        ))}
      </ol>
    </>
  );
}

function Fact({ term, text }: { term: string; text: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{text || "–"}</dd>
    </>
  );
}

function DeliveryLine({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation();
  return (
    <li data-state={delivery.state}>
      {delivery.kind} → {delivery.destination}: {delivery.state}
      {delivery.attempts > 1 && `, ${t("worklist.attempts", { count: delivery.attempts })}`}
      {delivery.commitment && `, ${t(`worklist.commitment.${delivery.commitment}`)}`}
      {delivery.reason && <small>{delivery.reason}</small>}
    </li>
  );
}

const STEPS = [
  "received",
  "previewed",
  "queued",
  "segmented",
  "skipped",
  "failed",
  "drafted",
  "assessed",
  "signed",
  "delivered",
  "committed",
] as const;

function TimelineLine({ entry, before }: { entry: TimelineEntry; before: TimelineEntry | undefined }) {
  const { t } = useTranslation();
  const step = STEPS.find((name) => name === entry.step);
  const seconds = before ? (Date.parse(entry.at) - Date.parse(before.at)) / 1000 : null;
  return (
    <li>
      <time dateTime={entry.at}>{clockText(entry.at).slice(11)}</time>
      <span>
        {step ? t(`viewer.step.${step}`) : entry.step}
        {entry.detail && <small>{entry.detail}</small>}
      </span>
      <span className={style.lapse}>
        {seconds !== null && seconds < 600 ? `+${seconds.toFixed(2)} s` : ""}
      </span>
    </li>
  );
}
