import { PenLine, Save } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { useMay } from "../../lib/session";
import { type Doubt, DoubtNotice } from "./DoubtNotice";
import style from "./report.module.css";
import { SignerField, useSigner } from "./SignerField";
import type { useReportEdit } from "./useReportEdit";

interface SignBarProps {
  edit: ReturnType<typeof useReportEdit>;
  open: boolean; // whether the report may be changed now
  doubt: Doubt | null; // what a reader should know before signing
}

/** The last line of the report: save, and sign with a name. */
export function SignBar({ edit, open, doubt }: SignBarProps) {
  const { t } = useTranslation();
  const signer = useSigner();
  const maySign = useMay("signer");
  const hint = useId();
  const [asked, setAsked] = useState(false);
  if (asked && !doubt) setAsked(false);
  const { save, sign, edited, conflict } = edit;
  const signable = open && maySign && !conflict && signer.name !== "" && !sign.isPending && !save.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signable) return;
    if (doubt) setAsked(true);
    else sign.mutate(signer.name);
  };
  const trouble = sign.error
    ? t("report.signFailed", { reason: sign.error.message })
    : save.error && t("report.saveFailed", { reason: save.error.message });
  return (
    <form className={style.signBar} onSubmit={submit}>
      {trouble && (
        <p className={style.trouble} role="alert">
          {trouble}
        </p>
      )}
      {asked && doubt && (
        <DoubtNotice
          doubt={doubt}
          signable={signable}
          onSign={() => sign.mutate(signer.name)}
          onNotYet={() => setAsked(false)}
        />
      )}
      <div className={style.signLine}>
        <SignerField signer={signer} hint={hint} testId="signer-name" />
        <Button
          disabled={!open || !edited || save.isPending || conflict !== null}
          data-testid="report-save"
          title="Ctrl S"
          onClick={() => save.mutate()}
        >
          <Save size={15} aria-hidden />
          {save.isPending ? t("report.saving") : t("report.save")}
        </Button>
        <Button type="submit" look="primary" disabled={!signable} data-testid="report-sign">
          <PenLine size={15} aria-hidden />
          {sign.isPending ? t("report.signing") : t("report.sign")}
        </Button>
      </div>
      <p className={style.hint} id={hint}>
        {open && !maySign
          ? t("access.mayNotSign")
          : open
            ? t("report.signerHint")
            : t("report.notYetSignable")}
        {edited && (
          <span className={style.unsaved} data-testid="report-unsaved">
            {t("report.unsaved")}
            <Button small look="quiet" onClick={edit.discard}>
              {t("report.discard")}
            </Button>
          </span>
        )}
      </p>
    </form>
  );
}
