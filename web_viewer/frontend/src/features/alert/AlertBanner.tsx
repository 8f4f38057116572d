import { CircleSlash, PhoneCall, Siren } from "lucide-react";
import { lazy, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Later } from "../../components/Later";
import { waitedText } from "../../lib/alerts";
import { useFindingTable } from "../../lib/findingNames";
import type { Finding, StudyAlert } from "../../lib/model";
import { useNow } from "../../lib/now";
import { clockText } from "../../lib/quantity";
import { midSentence, regionText } from "../../lib/wording";
import style from "./alert.module.css";

const fetchDialog = () => import("./AcknowledgeDialog");
const AcknowledgeDialog = lazy(fetchDialog);

interface BannerProps {
  studyUid: string;
  alert: StudyAlert;
  findings: readonly Finding[];
}

/** What the study's critical-result alert has come to; loud until somebody said whom they told. */
export function AlertBanner({ studyUid, alert, findings }: BannerProps) {
  const { t } = useTranslation();
  if (alert.state === "open") return <Open studyUid={studyUid} alert={alert} findings={findings} />;
  const said = alert.acknowledgement;
  return (
    <section className={style.banner} data-state={alert.state} role="status" data-testid="alert-banner">
      {said ? <PhoneCall size={16} aria-hidden /> : <CircleSlash size={16} aria-hidden />}
      <p>
        {said ? (
          <>
            <b>{t("alert.acknowledged")}</b>{" "}
            {t("alert.told", {
              by: readable(said.told_by),
              to: readable(said.told_to),
              how: t(`alert.methodWithin.${said.how}`),
              at: clockText(said.told_at).slice(0, 16),
            })}
          </>
        ) : (
          t(`alert.withdrawn.${alert.withdrawal ?? "not_found"}`)
        )}
      </p>
    </section>
  );
}

function Open({ studyUid, alert, findings }: BannerProps) {
  const { t, i18n } = useTranslation();
  const { nameOf } = useFindingTable();
  const now = useNow(5_000);
  const [telling, setTelling] = useState(false);
  useEffect(() => void fetchDialog().catch(ignore), []); // it is not waited for when somebody calls
  const finding = findings.find(
    ({ radiograph_uid, label }) => radiograph_uid === alert.radiograph_uid && label === alert.label,
  );
  const words = [
    nameOf(alert.label),
    finding?.region && regionText(t, finding.region),
    t(`presence.${alert.presence}`),
    t("certainty.label", { level: t(`certainty.${alert.certainty}`) }),
  ];
  return (
    <section className={style.banner} data-state="open" role="alert" data-testid="alert-banner">
      <Siren size={20} aria-hidden />
      <p>
        <b>{t("alert.open", { finding: midSentence(nameOf(alert.label)) })}</b>{" "}
        <span>
          {t("alert.waiting", { time: waitedText(alert.since, now, i18n.language) })}
          {alert.level > 0 && ` · ${t("alert.level", { count: alert.level })}`}
        </span>
      </p>
      <Button className={style.call} data-testid="alert-acknowledge" onClick={() => setTelling(true)}>
        <PhoneCall size={15} aria-hidden />
        {t("alert.acknowledge")}
      </Button>
      {telling && (
        <Later>
          <AcknowledgeDialog
            studyUid={studyUid}
            alert={alert}
            finding={words.filter(Boolean).join(", ")}
            onClose={() => setTelling(false)}
          />
        </Later>
      )}
    </section>
  );
}

const ignore = () => undefined; // it is fetched again when it is opened

/** Return a person's name (PS3.5 PN) as it is read. */
const readable = (name: string): string => name.split("^").filter(Boolean).join(" ");
