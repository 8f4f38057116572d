import { useWords } from "../../lib/i18n";
import type { WorklistItem } from "../../lib/model";
import { personName } from "../../lib/patient";
import { agoText, clockText } from "../../lib/quantity";
import { UNNAMED } from "../../lib/reader";
import style from "./worklist.module.css";

/** Who signed, else who worked on it last; and who has it open now. */
export function ReaderCell({ item, now }: { item: WorklistItem; now: number }) {
  const { t, language } = useWords();
  const spelled = (name: string) => personName(name, language);
  const worked = item.worked && item.worked.reader !== UNNAMED ? item.worked : null;
  const reading = item.reading.map(spelled).join(" · ");
  const reader = item.signed_by ?? worked?.reader ?? "";
  return (
    <>
      {reader && <span>{spelled(reader)}</span>}
      {!item.signed_by && worked && (
        <small title={clockText(worked.at)}>
          {t("views.worked", { when: agoText(worked.at, now, language) })}
        </small>
      )}
      {reading && (
        <small className={style.reading} data-testid="worklist-reading">
          {t("views.reading", { names: reading })}
        </small>
      )}
      {!reader && !reading && <span className={style.quiet}>–</span>}
    </>
  );
}
