import { useTranslation } from "react-i18next";
import { adviceText } from "../../components/FailureText";
import { ReadAgain } from "../../components/ReadAgain";
import type { WorklistItem } from "../../lib/model";
import { stageText, unreadTexts } from "../../lib/wording";
import style from "./worklist.module.css";

/** Why a study was skipped or failed, and the way to have it read again; else what of it was left unread. */
export function Setback({ item }: { item: WorklistItem }) {
  const { t } = useTranslation();
  const unread = unreadTexts(t, item.unread);
  if (item.state !== "skipped" && item.state !== "failed") {
    return unread ? (
      <small data-testid="worklist-unread">{t("unread.beside", { reason: unread })}</small>
    ) : null;
  }
  const stage = item.failed_stage ?? "";
  return (
    <div className={style.setback} data-state={item.state}>
      <span>
        {item.state === "failed" && stage && (
          <b>{t("worklist.failedAt", { stage: stageText(t, stage) })}: </b>
        )}
        {item.failure ? adviceText(t, item.failure) : unread}
      </span>
      <ReadAgain studyUid={item.study_uid} />
    </div>
  );
}
