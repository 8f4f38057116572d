import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Notice } from "../../components/Notice";

/** Why a reader may not want to sign yet. */
export type Doubt = "measuring" | "outdated" | "blank";

const DOUBTS = {
  measuring: "review.signMeasuring",
  outdated: "review.signOutdated",
  blank: "review.signBlank",
} as const satisfies Record<Doubt, string>;

interface NoticeProps {
  doubt: Doubt;
  signable: boolean;
  onSign: () => void;
  onNotYet: () => void;
}

/** Asks whether to sign all the same. */
export function DoubtNotice({ doubt, signable, onSign, onNotYet }: NoticeProps) {
  const { t } = useTranslation();
  return (
    <Notice
      tone="caution"
      actions={
        <>
          <Button small onClick={onNotYet} data-testid="sign-not-yet">
            {t("review.notYet")}
          </Button>
          <Button small disabled={!signable} onClick={onSign} data-testid="sign-anyway">
            {t("review.signAnyway")}
          </Button>
        </>
      }
    >
      {t(DOUBTS[doubt])}
    </Notice>
  );
}
