import { useTranslation } from "react-i18next";
import type { Report } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import style from "./report.module.css";

/** Where the words came from, and what the check said of them. */
export function Provenance({ report }: { report: Report }) {
  const { t } = useTranslation();
  const { wording } = report;
  return (
    <div className={style.provenance}>
      <p>{t(`report.sourceLong.${wording.source}`)}</p>
      <dl>
        <Fact term={t("report.version")} text={String(report.version)} />
        {wording.llm_model && <Fact term={t("report.llmModel")} text={wording.llm_model} />}
        {wording.milliseconds !== null && (
          <Fact term={t("report.took")} text={`${(wording.milliseconds / 1000).toFixed(2)} s`} />
        )}
        <Fact term={t("report.created")} text={clockText(report.created_at)} />
        {wording.fallback_reason && <Fact term={t("report.fallback")} text={wording.fallback_reason} />}
      </dl>
      {(wording.llm_model || wording.checks.length > 0) && (
        <>
          <h3>{t("report.checks")}</h3>
          {wording.checks.length === 0 && <p>{t("report.noChecks")}</p>}
          <ul>
            {wording.checks.map((check) => (
              <li key={`${check.rule}:${check.sentence}`}>
                <b>{check.rule}</b> {check.message}
                {check.sentence && <q>{check.sentence}</q>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Fact({ term, text }: { term: string; text: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{text}</dd>
    </>
  );
}
