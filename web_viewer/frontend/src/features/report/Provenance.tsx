import { useTranslation } from "react-i18next";
import type { Report } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import style from "./report.module.css";

/** Where the words came from, and what the check said of them. */
export default function Provenance({ report }: { report: Report }) {
  const { t } = useTranslation();
  const { wording } = report;
  return (
    <div className={style.provenance}>
      <p>{t(`report.sourceLong.${wording.source}`)}</p>
      <dl>
        <Fact term={t("report.version")} text={String(report.version)} />
        {wording.llm_model && <Fact term={t("report.llmModel")} text={wording.llm_model} />}
        {wording.llm_sha256 && <Hash term={t("wording.modelHash")} text={wording.llm_sha256} />}
        {wording.server && (
          <Fact
            term={t("wording.server")}
            text={[wording.server, wording.engine].filter(Boolean).join(", ")}
          />
        )}
        {wording.decoding && <Fact term={t("wording.decoding")} text={wording.decoding} />}
        {wording.prompt_sha256 && <Hash term={t("wording.promptHash")} text={wording.prompt_sha256} />}
        {wording.tries > 0 && <Fact term={t("wording.tries")} text={String(wording.tries)} />}
        {wording.completion_tokens !== null && (
          <Fact
            term={t("wording.tokens")}
            text={t("wording.tokensText", {
              prompt: wording.prompt_tokens ?? "?",
              completion: wording.completion_tokens,
            })}
          />
        )}
        {wording.milliseconds !== null && <Fact term={t("report.took")} text={tookText(wording, t)} />}
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

type Translate = ReturnType<typeof useTranslation>["t"];

function tookText({ milliseconds, first_token_ms }: Report["wording"], t: Translate): string {
  const all = ((milliseconds ?? 0) / 1000).toFixed(2);
  if (first_token_ms === null) return `${all} s`;
  return t("wording.tookText", { all, first: (first_token_ms / 1000).toFixed(2) });
}

/** The first twelve digits, the whole on a second look. */
function Hash({ term, text }: { term: string; text: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd title={text}>
        <code>{text.slice(0, 12)}</code>
      </dd>
    </>
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
