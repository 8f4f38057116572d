import { useWords } from "../lib/i18n";
import type { StudyState } from "../lib/model";
import style from "./controls.module.css";

const AT_REST: readonly StudyState[] = ["drafted", "signed", "skipped", "failed"];

export function StateMark({ state }: { state: StudyState }) {
  const { t } = useWords();
  return (
    <span className={style.state} data-state={state} data-busy={!AT_REST.includes(state)}>
      {t(`state.${state}`)}
    </span>
  );
}
