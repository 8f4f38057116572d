import { History } from "lucide-react";
import { lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Later } from "../../components/Later";
import type { StudyRecord } from "../../lib/model";
import style from "./details.module.css";

const fetchContent = () => import("./DetailsContent");
const DetailsContent = lazy(fetchContent);
const ID = "study-details";

/** Where a study came from and went to, behind a button. */
export function StudyDetails({ record }: { record: StudyRecord }) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState(false);
  const ahead = () => void fetchContent().catch(() => undefined);
  return (
    <>
      <Button
        look="quiet"
        small
        popoverTarget={ID}
        data-testid="study-details"
        onPointerEnter={ahead}
        onFocus={ahead}
      >
        <History size={15} aria-hidden />
        {t("viewer.details")}
      </Button>
      <div
        id={ID}
        popover="auto"
        className={style.details}
        onBeforeToggle={(event) => event.newState === "open" && setWanted(true)}
      >
        <Later fallback={<div className={style.coming} />}>
          {wanted && <DetailsContent record={record} />}
        </Later>
      </div>
    </>
  );
}
