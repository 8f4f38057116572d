import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import style from "./controls.module.css";

/** Stands wherever a result of the model is shown. */
export function Disclaimer() {
  const { t } = useTranslation();
  return (
    <span className={style.disclaimer} data-testid="disclaimer">
      <TriangleAlert size={14} aria-hidden />
      {t("app.disclaimer")}
    </span>
  );
}
