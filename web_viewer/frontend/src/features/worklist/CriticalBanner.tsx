import { Siren } from "lucide-react";
import { useTranslation } from "react-i18next";
import { AlarmSwitch } from "../../components/AlarmSwitch";
import { failureText } from "../../components/FailureText";
import { Link } from "../../components/Link";
import { useTone } from "../../lib/alarm";
import { waitedText, waitingFirst } from "../../lib/alerts";
import { useFindingTable } from "../../lib/findingNames";
import { viewerAddress } from "../../lib/location";
import type { WorklistItem } from "../../lib/model";
import { useNow } from "../../lib/now";
import { personName } from "../../lib/patient";
import { percentText } from "../../lib/quantity";
import { midSentence, regionText, unreadTexts } from "../../lib/wording";
import { strongestByLabel } from "./strongest";
import style from "./worklist.module.css";

const NAMED = 4; // the rest stands on top of the list below

/** Critical results that nobody has acknowledged, the longest waiting first, each with its reason. */
export function CriticalBanner({ items }: { items: readonly WorklistItem[] | undefined }) {
  const { t } = useTranslation();
  const now = useNow(5_000);
  useTone(items);
  const waiting = waitingFirst(items ?? []);
  if (waiting.length === 0) return null;
  const more = waiting.length - NAMED;
  return (
    <section className={style.banner} role="alert" data-testid="critical-banner">
      <Siren size={22} aria-hidden />
      <div className={style.calls}>
        <h2>{t("alert.banner", { count: waiting.length })}</h2>
        <ul>
          {waiting.slice(0, NAMED).map((item) => (
            <Waiting key={item.study_uid} item={item} now={now} />
          ))}
        </ul>
        {more > 0 && <p>{t("alert.more", { count: more })}</p>}
      </div>
      <AlarmSwitch />
    </section>
  );
}

function Waiting({ item, now }: { item: WorklistItem; now: number }) {
  const { t, i18n } = useTranslation();
  const { nameOf, isCritical } = useFindingTable();
  const finding = strongestByLabel(item.findings).find((seen) => isCritical(seen.label));
  const reason = finding
    ? [
        t("worklist.possible", { finding: midSentence(nameOf(finding.label)) }),
        finding.region && regionText(t, finding.region),
        percentText(finding.probability),
        t("certainty.label", { level: t(`certainty.${finding.certainty}`) }),
      ]
        .filter(Boolean)
        .join(", ")
    : item.failure
      ? failureText(t, item.failure)
      : unreadTexts(t, item.unread);
  return (
    <li>
      <Link to={viewerAddress(item.study_uid)}>
        {personName(item.summary.patient_name, i18n.language) ||
          item.summary.patient_id ||
          t("worklist.noName")}
      </Link>
      {item.alert && (
        <span className={style.waited} data-testid="waiting-time">
          {t("alert.waiting", { time: waitedText(item.alert.since, now, i18n.language) })}
          {item.alert.level > 0 && ` · ${t("alert.level", { count: item.alert.level })}`}
        </span>
      )}
      <span>{reason}</span>
    </li>
  );
}
