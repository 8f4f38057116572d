import { useTranslation } from "react-i18next";
import { type WordingProgress as Progress, useWordingProgress } from "../../lib/wordingProgress";
import style from "./report.module.css";

/** How far the language model is. Its sentences are not shown: unchecked, one of them may be false. */
export function WordingProgress({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  const progress = useWordingProgress(({ byStudy }) => byStudy[studyUid]);
  return (
    <p className={style.wording} role="status" data-testid="wording-progress">
      <i aria-hidden />
      {text(progress, t)}
    </p>
  );
}

function text(progress: Progress | undefined, t: ReturnType<typeof useTranslation>["t"]): string {
  if (!progress) return t("wording.begun");
  if (progress.stage === "checking") return t("wording.checking");
  if (progress.stage === "wording" && progress.sentences > 0) {
    return t("wording.sentences", { count: progress.sentences });
  }
  return t(progress.question > 1 ? "wording.again" : "wording.asked");
}
