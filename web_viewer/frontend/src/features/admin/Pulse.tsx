import { useTranslation } from "react-i18next";
import type { AdminState } from "../../lib/model";
import style from "./admin.module.css";
import { Trend } from "./Trend";

/** How busy the service is. */
export function Pulse({ state }: { state: AdminState }) {
  const { t } = useTranslation();
  const waiting = state.history.map((beat) => beat.jobs);
  const rates = state.history.map((beat) => beat.done);
  const note = (values: number[]) =>
    `${t("admin.lastHour")}, ${t("admin.peak", { count: Math.round(Math.max(0, ...values)) })}`;
  return (
    <section className={style.pulse} aria-label={t("admin.lastHour")}>
      <Studies state={state} />
      <Trend
        title={t("admin.waiting")}
        note={note(waiting)}
        values={waiting}
        now={state.queues.reduce((sum, queue) => sum + queue.jobs, 0)}
      />
      <Trend
        title={t("admin.perMinute")}
        note={note(rates)}
        values={rates}
        now={Math.round(rates.at(-1) ?? 0)}
      />
    </section>
  );
}

const STATES = [
  "receiving",
  "queued",
  "segmenting",
  "segmented",
  "drafting",
  "drafted",
  "signed",
  "skipped",
  "failed",
] as const;

function Studies({ state }: { state: AdminState }) {
  const { t } = useTranslation();
  const total = Object.values(state.studies).reduce((sum, count) => sum + count, 0);
  const there = STATES.filter((name) => state.studies[name]);
  return (
    <figure className={style.trend}>
      <figcaption>
        {t("admin.total")}
        <b>{total.toLocaleString()}</b>
      </figcaption>
      <ul className={style.states}>
        {there.map((name) => (
          <li key={name} data-state={name}>
            {t(`state.${name}`)} <b>{state.studies[name]?.toLocaleString()}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}
