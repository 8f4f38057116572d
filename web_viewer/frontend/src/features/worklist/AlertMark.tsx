import { PhoneCall, Siren } from "lucide-react";
import { waitedText } from "../../lib/alerts";
import { useWords } from "../../lib/i18n";
import type { StudyAlert } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import style from "./worklist.module.css";

/** A line on a study's alert: how long it waits, or that the clinician was told. */
export function AlertMark({ alert, now }: { alert: StudyAlert; now: number }) {
  const { t, language } = useWords();
  const said = alert.acknowledgement;
  if (alert.state === "withdrawn") return null;
  if (!said) {
    return (
      <small className={style.alerted} data-state="open" data-testid="alert-mark">
        <Siren size={14} aria-hidden />
        {t("alert.waiting", { time: waitedText(alert.since, now, language) })}
        {alert.level > 0 && ` · ${t("alert.level", { count: alert.level })}`}
      </small>
    );
  }
  const how = t(`alert.methodWithin.${said.how}`);
  return (
    <small
      className={style.alerted}
      data-state="acknowledged"
      data-testid="alert-mark"
      title={clockText(said.told_at)}
    >
      <PhoneCall size={14} aria-hidden />
      {t("alert.toldShort", { to: said.told_to.split("^").filter(Boolean).join(" "), how })}
    </small>
  );
}
