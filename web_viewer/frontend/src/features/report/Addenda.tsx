import { useTranslation } from "react-i18next";
import type { Report } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import style from "./report.module.css";

/** What was added to a signed report, under who signed it. */
export function Addenda({ report }: { report: Report }) {
  const { t } = useTranslation();
  return report.addenda.map(({ sentences, signature }) => (
    <div key={signature.signed_at} className={style.addendum} data-testid="addendum">
      <h3>
        {t("review.addendumBy", { name: signature.signer })}
        <small>{clockText(signature.signed_at)}</small>
      </h3>
      {sentences.map((sentence) => (
        <p key={sentence.text}>{sentence.text}</p>
      ))}
    </div>
  ));
}
