import { useMutation } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { reprocessStudy } from "../../lib/api";
import type { WorklistItem } from "../../lib/model";
import { stageText, unreadTexts } from "../../lib/wording";
import style from "./worklist.module.css";

/** Why a study was skipped or failed, and the way to have it read again; else what of it was left unread. */
export function Setback({ item }: { item: WorklistItem }) {
  const { t } = useTranslation();
  const again = useMutation({ mutationFn: () => reprocessStudy(item.study_uid) });
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
        {item.state === "skipped" ? unread || item.reason : item.reason}
        {again.error && <em> {again.error.message}</em>}
      </span>
      <Button small disabled={again.isPending || again.isSuccess} onClick={() => again.mutate()}>
        <RotateCw size={13} aria-hidden />
        {again.isSuccess ? t("worklist.reprocessing") : t("worklist.reprocess")}
      </Button>
    </div>
  );
}
