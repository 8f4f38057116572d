import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FilePlus2, PenLine } from "lucide-react";
import { type FormEvent, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { addAddendum } from "../../lib/api";
import { useMay, useSession } from "../../lib/session";
import { DoubtNotice } from "./DoubtNotice";
import { keepAddendum, letGo, takeAddendum } from "./keptEdit";
import style from "./report.module.css";
import { BLANK, sentencesOf } from "./reportText";
import { SignerField, useSigner } from "./SignerField";

interface FormProps {
  studyUid: string;
  version: number;
}

/** Under a signed report: write an addendum and sign it, in one step. */
export default function AddendumForm(props: FormProps) {
  const maySign = useMay("signer");
  const owner = useSession()?.subject; // whose words are kept
  return maySign && owner !== undefined ? <Form key={owner} {...props} owner={owner} /> : null;
}

function Form({ studyUid, version, owner }: FormProps & { owner: string }) {
  const { t } = useTranslation();
  const signer = useSigner();
  const queryClient = useQueryClient();
  const [text, setText] = useState(() => takeAddendum(owner, studyUid));
  const [open, setOpen] = useState(text !== "");
  const hint = useId();
  const blank = text.includes(BLANK);
  const [asked, setAsked] = useState(false);
  if (asked && !blank) setAsked(false);
  useEffect(() => () => void letGo("addendum"), []);
  const write = (words: string) => {
    setText(words);
    keepAddendum(owner, studyUid, words);
  };
  const leave = () => {
    write("");
    setOpen(false);
  };
  const add = useMutation({
    mutationFn: () => addAddendum(studyUid, { version, sentences: sentencesOf(text), signer: signer.name }),
    onSuccess: (record) => {
      leave();
      queryClient.setQueryData(["study", studyUid], record);
    },
    onError: () => queryClient.invalidateQueries({ queryKey: ["study", studyUid] }),
  });
  const signable = text.trim() !== "" && signer.name !== "" && !add.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signable) return;
    if (blank) setAsked(true);
    else add.mutate();
  };
  if (!open) {
    return (
      <div className={style.signBar}>
        <Button data-testid="addendum-open" onClick={() => setOpen(true)}>
          <FilePlus2 size={15} aria-hidden />
          {t("review.add")}
        </Button>
      </div>
    );
  }
  return (
    <form className={style.signBar} onSubmit={submit}>
      {add.error && (
        <p className={style.trouble} role="alert">
          {t("review.failed", { reason: add.error.message })}
        </p>
      )}
      {asked && (
        <DoubtNotice
          doubt="blank"
          signable={signable}
          onSign={() => add.mutate()}
          onNotYet={() => setAsked(false)}
        />
      )}
      <textarea
        className={style.addendumText}
        value={text}
        rows={4}
        maxLength={2000}
        aria-label={t("review.addText")}
        placeholder={t("review.addText")}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked for this field
        autoFocus
        data-testid="addendum-text"
        onChange={(event) => write(event.target.value)}
      />
      <div className={style.signLine}>
        <SignerField signer={signer} hint={hint} testId="addendum-signer" />
        <Button onClick={leave}>{t("review.cancel")}</Button>
        <Button type="submit" look="primary" disabled={!signable} data-testid="addendum-sign">
          <PenLine size={15} aria-hidden />
          {add.isPending ? t("review.signing") : t("review.sign")}
        </Button>
      </div>
      <p className={style.hint} id={hint}>
        {t("review.addHint")}
      </p>
    </form>
  );
}
