import { useTranslation } from "react-i18next";
import { OfflineError } from "../lib/api";
import { Button } from "./Button";
import { Notice } from "./Notice";

interface FailureProps {
  error: Error;
  title?: string;
  onRetry: () => void;
}

/** Says what went wrong in a sentence, and offers to ask again. */
export function Failure({ error, title, onRetry }: FailureProps) {
  const { t } = useTranslation();
  const offline = error instanceof OfflineError;
  const text = offline ? t("app.offline") : `${title ?? t("app.failed")} ${error.message}`;
  return (
    <Notice
      tone={offline ? "caution" : "critical"}
      actions={
        <Button small onClick={onRetry}>
          {t("app.retry")}
        </Button>
      }
    >
      {text}
    </Notice>
  );
}
