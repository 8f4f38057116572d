import { type FormEvent, type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Notice } from "../../../components/Notice";
import { useFindingTable } from "../../../lib/findingNames";
import { addWords } from "../../../lib/i18n";
import { en, ko } from "../../../lib/locales/statement";
import type { Certainty, Finding, Presence, Region } from "../../../lib/model";
import { personName } from "../../../lib/patient";
import { useReader } from "../../../lib/reader";
import { useSession } from "../../../lib/session";
import { regionText } from "../../../lib/wording";
import { statementText } from "../said";
import { Choice } from "./Choice";
import style from "./statement.module.css";
import { useStatement } from "./useStatement";

addWords({ en: { statement: en }, ko: { statement: ko } });

const PRESENCES: readonly Presence[] = ["present", "indeterminate", "absent"];
const CERTAINTIES: readonly Certainty[] = ["low", "moderate", "high"];

interface EditorProps {
  studyUid: string;
  finding: Finding;
  adds?: boolean; // begins with nothing said: what nobody chose is not to be kept by a careless key
  title: string;
  children?: ReactNode; // stands before what is stated
  onClose: () => void;
}

/** States a finding otherwise than the model did: whether it is there, how surely, where. */
export function StatementEditor({ studyUid, finding, adds = false, title, children, onClose }: EditorProps) {
  const { t, i18n } = useTranslation();
  const { rows } = useFindingTable();
  const id = useId();
  const reader = useReader();
  const session = useSession();
  const [typed, setTyped] = useState(reader.name);
  const [presence, setPresence] = useState<Presence | null>(adds ? null : finding.presence);
  const [certainty, setCertainty] = useState(
    finding.presence === "present" ? finding.certainty : ("high" as const),
  );
  const [region, setRegion] = useState<Region | null>(finding.region);
  const [seen, setSeen] = useState(finding); // what the reader changes
  if (seen.id !== finding.id) setSeen(finding); // another one was chosen: from here on it is held to that
  const keep = useStatement(studyUid, finding.id, onClose);

  const number = finding.stated?.number ?? null;
  const waits = keep.isPending || keep.isSuccess; // what is kept may be seen before it is answered
  const overtaken = !waits && number !== (seen.stated?.number ?? null);
  const named = session?.name || typed.trim();
  const places = rows.find((row) => row.label === finding.label)?.regions ?? [];
  const offered = finding.region && !places.includes(finding.region) ? [...places, finding.region] : places;
  const place = region && offered.includes(region) ? region : null;
  const same =
    presence === finding.presence &&
    (presence !== "present" || certainty === finding.certainty) &&
    (presence === "absent" || place === finding.region);
  const somewhere = presence === "present" || presence === "indeterminate";
  const origin = finding.drawn_by ? "outline" : "model";

  const send = (statement: { presence: Presence; certainty: Certainty; region: Region | null } | null) => {
    if (!named || keep.isPending) return;
    if (!session?.name && !reader.name) reader.setName(named);
    keep.mutate({ statement, number, reader: named });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (presence && !same && !overtaken) send({ presence, certainty, region: somewhere ? place : null });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it would leave the study
    onClose();
  };

  return (
    <form
      className={style.editor}
      aria-label={title}
      data-testid="statement-editor"
      onSubmit={submit}
      onKeyDown={onKeyDown}
    >
      {children}
      <Choice
        name={t("statement.presence")}
        options={PRESENCES}
        chosen={presence}
        word={(option) => t(`presence.${option}`)}
        onChoose={setPresence}
        first={!adds}
      />
      {presence === "present" && (
        <Choice
          name={t("statement.certainty")}
          options={CERTAINTIES}
          chosen={certainty}
          word={(option) => t(`certainty.${option}`)}
          onChoose={setCertainty}
        />
      )}
      {somewhere && (
        <>
          <label htmlFor={`${id}-region`} className={style.name}>
            {t("statement.region")}
          </label>
          <select
            id={`${id}-region`}
            className={style.field}
            value={place ?? ""}
            data-testid="statement-region"
            onChange={(event) => setRegion((event.target.value || null) as Region | null)}
          >
            <option value="">{t("statement.anywhere")}</option>
            {offered.map((one) => (
              <option key={one} value={one}>
                {regionText(t, one)}
              </option>
            ))}
          </select>
        </>
      )}
      {session && !session.name && (
        <>
          <label htmlFor={`${id}-reader`} className={style.name}>
            {t("statement.reader")}
          </label>
          <input
            id={`${id}-reader`}
            className={style.field}
            value={typed}
            maxLength={64}
            required
            autoComplete="name"
            data-testid="statement-reader"
            onChange={(event) => setTyped(event.target.value)}
          />
        </>
      )}
      {overtaken && (
        <div className={style.wide}>
          <Notice
            tone="caution"
            actions={
              <>
                <Button small onClick={onClose} data-testid="statement-theirs">
                  {t("statement.theirs")}
                </Button>
                <Button small onClick={() => setSeen(finding)} data-testid="statement-mine">
                  {t("statement.mine")}
                </Button>
              </>
            }
          >
            {t(finding.stated ? "statement.meanwhile" : "statement.takenBack", {
              name: personName(finding.stated?.reader ?? "", i18n.language),
              said: statementText(t, finding),
            })}
          </Notice>
        </div>
      )}
      {keep.error && !overtaken && (
        <p role="alert" className={`${style.wide} ${style.failed}`}>
          {t("statement.failed", { reason: keep.error.message })}
        </p>
      )}
      <div className={style.actions} hidden={overtaken}>
        <Button
          small
          type="submit"
          look="primary"
          disabled={!presence || same || !named || keep.isPending}
          data-testid="statement-save"
        >
          {keep.isPending ? t("statement.saving") : t("statement.save")}
        </Button>
        <Button small look="quiet" onClick={onClose}>
          {t("statement.cancel")}
        </Button>
        {finding.stated && (
          <Button
            small
            look="quiet"
            disabled={!named || keep.isPending}
            className={style.undo}
            data-testid="statement-undo"
            onClick={() => send(null)}
          >
            {t(`statement.undo.${origin}`)}
          </Button>
        )}
      </div>
    </form>
  );
}
