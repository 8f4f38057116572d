import { useTranslation } from "react-i18next";
import type { AdminState } from "../../lib/model";
import { secondsText } from "../../lib/quantity";
import style from "./admin.module.css";

/** How many jobs each queue holds. */
export function Queues({ queues }: { queues: AdminState["queues"] }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...queues.map((queue) => queue.jobs));
  return (
    <section className={style.card}>
      <h2>{t("admin.queues")}</h2>
      <table>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">{t("admin.queue")}</th>
            <th scope="col">{t("admin.jobs")}</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <th scope="row">{queueName(t, queue.name)}</th>
              <td className={style.bar}>
                <meter min={0} max={most} value={queue.jobs} aria-label={queueName(t, queue.name)} />
                {queue.jobs.toLocaleString()}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** How long each step took. */
export function Steps({ steps }: { steps: AdminState["steps"] }) {
  const { t } = useTranslation();
  const text = (seconds: number | null) => (seconds === null ? "–" : secondsText(seconds));
  return (
    <section className={style.card}>
      <h2>{t("admin.steps")}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("admin.step")}</th>
            <th scope="col">{t("admin.done")}</th>
            <th scope="col">{t("admin.half")}</th>
            <th scope="col">{t("admin.most")}</th>
            <th scope="col">{t("admin.nearly")}</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <tr key={step.job}>
              <th scope="row">{jobName(t, step.job)}</th>
              <td>{step.done.toLocaleString()}</td>
              <td>{text(step.p50)}</td>
              <td>{text(step.p95)}</td>
              <td>{text(step.p99)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

const QUEUES = ["alert", "urgent", "segment", "draft", "deliver", "word", "priors", "shadow", "map"] as const;

/** Return what a queue is called; one that this viewer does not know yet by its code. */
function queueName(t: Translate, queue: string): string {
  const known = QUEUES.find((each) => each === queue);
  return known ? t(`admin.queueNames.${known}`) : queue;
}

const JOBS = [
  "preview",
  "segment",
  "draft",
  "sign",
  "deliver",
  "priors",
  "shadow",
  "map",
  "alert",
  "word",
  "marks",
] as const;

/** Return what a job is called; one that this viewer does not know yet by its code. */
export function jobName(t: Translate, job: string): string {
  const known = JOBS.find((each) => each === job);
  return known ? t(`admin.jobNames.${known}`) : job;
}
