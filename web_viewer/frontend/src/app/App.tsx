import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { followStudies } from "../lib/events";
import { followService } from "../lib/i18n";
import { useLocation } from "../lib/location";
import { queryClient, serviceQuery } from "../lib/queries";
import { ViewerPage } from "../pages/ViewerPage";
import { WorklistPage } from "../pages/WorklistPage";

export function App() {
  const { t } = useTranslation();
  const { path } = useLocation();
  const language = useQuery(serviceQuery).data?.language;

  useEffect(() => followStudies(queryClient), []);
  useEffect(() => {
    if (language) followService(language);
  }, [language]);

  if (path === "/") return <WorklistPage />;
  if (path === "/viewer" || path === "/viewer/") return <ViewerPage />;
  return <p>{t("app.notFound")}</p>;
}
