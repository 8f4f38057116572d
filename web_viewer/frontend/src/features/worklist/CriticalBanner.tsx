import { Siren } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "../../components/Link";
import { useFindingTable } from "../../lib/findingNames";
import { viewerAddress } from "../../lib/location";
import type { WorklistItem } from "../../lib/model";
import { personName } from "../../lib/patient";
import { percentText } from "../../lib/quantity";
import { midSentence, regionText } from "../../lib/wording";
import { isUrgent } from "./order";
import { strongestByLabel } from "./strongest";
import style from "./worklist.module.css";

const NAMED = 4; // the rest stands on top of the list below

/** Unsigned studies with a possible critical finding, each with its reason. */
export function CriticalBanner({ items }: { items: readonly WorklistItem[] }) {
  const { t } = useTranslation();
  const urgent = items.filter(isUrgent);
  if (urgent.length === 0) return null;
  return (
    <section className={style.banner} role="alert" data-testid="critical-banner">
      <Siren size={22} aria-hidden />
      <div>
        <h2>{t("worklist.critical", { count: urgent.length })}</h2>
        <ul>
          {urgent.slice(0, NAMED).map((item) => (
            <UrgentStudy key={item.study_uid} item={item} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function UrgentStudy({ item }: { item: WorklistItem }) {
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
    : (item.reason ?? "");
  return (
    <li>
      <Link to={viewerAddress(item.study_uid)}>
        {personName(item.summary.patient_name, i18n.language) ||
          item.summary.patient_id ||
          t("worklist.noName")}
      </Link>
      <span>{reason}</span>
    </li>
  );
}
