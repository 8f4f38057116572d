import { BadgeCheck, ChevronDown, FilePen } from "lucide-react";
import { lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Later } from "../../components/Later";
import type { Report } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import style from "./report.module.css";

const Provenance = lazy(() => import("./Provenance"));

/** Whether these words are verified, and whose they are: never in doubt. */
export function ReportStatus({ report }: { report: Report }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { signature, wording } = report;
  const draft = wording.source === "radiologist" ? t("report.edited") : t("report.draft");
  return (
    <div className={style.status}>
      <div className={style.statusLine}>
        <span className={style.seal} data-signed={Boolean(signature)} data-testid="report-status">
          {signature ? <BadgeCheck size={17} aria-hidden /> : <FilePen size={16} aria-hidden />}
          {signature ? (
            <span>
              {t("report.signedBy", { name: signature.signer })}
              <small>{clockText(signature.signed_at)}</small>
            </span>
          ) : (
            draft
          )}
        </span>
        <Button
          small
          look="quiet"
          aria-expanded={open}
          data-testid="wording-source"
          data-source={wording.source}
          onClick={() => setOpen(!open)}
        >
          <span className="visually-hidden">{t("report.wording")}: </span>
          {t(`report.source.${wording.source}`)}
          {wording.source === "template" && wording.fallback_reason && (
            <i className={style.dot} title={wording.fallback_reason} />
          )}
          <ChevronDown size={14} aria-hidden />
        </Button>
      </div>
      {report.addendum_to !== null && <small>{t("report.addendum", { version: report.addendum_to })}</small>}
      {open && (
        <Later>
          <Provenance report={report} />
        </Later>
      )}
    </div>
  );
}
