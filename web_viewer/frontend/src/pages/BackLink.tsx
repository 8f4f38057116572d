import { ArrowLeft } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "../components/Link";
import style from "./viewerPage.module.css";

export function BackLink() {
  const { t } = useTranslation();
  return (
    <Link to="/" className={style.back} title={`${t("app.back")} (Esc)`}>
      <ArrowLeft size={17} aria-hidden />
      {t("app.worklist")}
    </Link>
  );
}
