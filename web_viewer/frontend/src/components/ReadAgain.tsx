import { useMutation } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { reprocessStudy } from "../lib/api";
import { Button } from "./Button";

/** Has a study that was skipped, or failed, go through the model once more. */
export function ReadAgain({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  const again = useMutation({ mutationFn: () => reprocessStudy(studyUid) });
  return (
    <>
      {again.error && <em role="alert">{again.error.message}</em>}
      <Button small disabled={again.isPending || again.isSuccess} onClick={() => again.mutate()}>
        <RotateCw size={13} aria-hidden />
        {again.isSuccess ? t("worklist.reprocessing") : t("worklist.reprocess")}
      </Button>
    </>
  );
}
