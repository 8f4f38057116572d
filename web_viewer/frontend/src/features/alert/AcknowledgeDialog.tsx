import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { localMinute, withZone } from "../../lib/alerts";
import type { StudyAlert, ToldHow } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import { useReader } from "../../lib/reader";
import style from "./alert.module.css";
import { useAcknowledgement } from "./useAcknowledgement";

const METHODS: readonly ToldHow[] = ["phone", "in_person", "video", "message", "other"];

interface DialogProps {
  studyUid: string;
  alert: StudyAlert;
  finding: string; // in words
  onClose: () => void;
}

/** The six things of a critical result's communication; the service knows the first two. */
export default function AcknowledgeDialog({ studyUid, alert, finding, onClose }: DialogProps) {
  const { t } = useTranslation();
  const reader = useReader();
  const [toldBy, setToldBy] = useState(reader.name);
  const [toldTo, setToldTo] = useState("");
  const [toldAt, setToldAt] = useState(() => localMinute(Date.now()));
  const [how, setHow] = useState<ToldHow | null>(null);
  const record = useAcknowledgement(studyUid, onClose);
  const fields = { by: useId(), to: useId(), hint: useId(), at: useId() };
  const complete = toldBy.trim() !== "" && toldTo.trim() !== "" && toldAt !== "" && how !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!complete || record.isPending) return;
    if (!reader.name) reader.setName(toldBy.trim());
    record.mutate({
      revision: alert.revision,
      told_by: toldBy.trim(),
      told_to: toldTo.trim(),
      told_at: withZone(toldAt),
      how,
    });
  };
  return (
    <Dialog title={t("alert.acknowledge")} onClose={onClose}>
      <form className={style.form} onSubmit={submit} data-testid="acknowledge-dialog">
        <dl className={style.known}>
          <dt>{t("alert.finding")}</dt>
          <dd>{finding}</dd>
          <dt>{t("alert.identifiedAt")}</dt>
          <dd>
            <time dateTime={alert.identified_at}>{clockText(alert.identified_at)}</time>
          </dd>
        </dl>
        <label htmlFor={fields.to}>{t("alert.toldTo")}</label>
        <div>
          <input
            id={fields.to}
            ref={focusFirst}
            value={toldTo}
            maxLength={64}
            required
            autoComplete="off"
            aria-describedby={fields.hint}
            data-testid="told-to"
            onChange={(event) => setToldTo(event.target.value)}
          />
          <small id={fields.hint}>{t("alert.toldToHint")}</small>
        </div>
        <label htmlFor={fields.by}>{t("alert.toldBy")}</label>
        <input
          id={fields.by}
          value={toldBy}
          maxLength={64}
          required
          autoComplete="name"
          data-testid="told-by"
          onChange={(event) => setToldBy(event.target.value)}
        />
        <label htmlFor={fields.at}>{t("alert.toldAt")}</label>
        <div className={style.moment}>
          <input
            id={fields.at}
            type="datetime-local"
            value={toldAt}
            max={localMinute(Date.now())}
            required
            data-testid="told-at"
            onChange={(event) => setToldAt(event.target.value)}
          />
          <Button small look="quiet" onClick={() => setToldAt(localMinute(Date.now()))}>
            {t("alert.now")}
          </Button>
        </div>
        <fieldset className={style.methods}>
          <legend>{t("alert.how")}</legend>
          <div>
            {METHODS.map((method) => (
              <label key={method}>
                <input
                  type="radio"
                  name="how"
                  required
                  checked={how === method}
                  data-testid={`told-${method}`}
                  onChange={() => setHow(method)}
                />
                {t(`alert.method.${method}`)}
              </label>
            ))}
          </div>
        </fieldset>
        {record.error && (
          <p className={style.trouble} role="alert">
            {t("alert.failed", { reason: record.error.message })}
          </p>
        )}
        <div className={style.actions}>
          <Button onClick={onClose}>{t("alert.cancel")}</Button>
          <Button
            type="submit"
            look="primary"
            disabled={!complete || record.isPending}
            data-testid="acknowledge-save"
          >
            {record.isPending ? t("alert.saving") : t("alert.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Let the dialog begin here; React's own autoFocus comes before the dialog is open. */
function focusFirst(field: HTMLInputElement | null): void {
  field?.setAttribute("autofocus", "");
}
