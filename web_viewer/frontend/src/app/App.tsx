import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { AccessGuard } from "../features/access/AccessGuard";
import { followStudies } from "../lib/events";
import { useFirstImage } from "../lib/firstImage";
import { followService } from "../lib/i18n";
import { useLocation } from "../lib/location";
import { queryClient, serviceQuery } from "../lib/queries";
import { useSession } from "../lib/session";
import { ViewerPage } from "../pages/ViewerPage";

// A study that is opened by its address waits for no other page's program.
const AdminPage = lazy(() => import("../pages/AdminPage"));
const WorklistPage = lazy(() =>
  import("../pages/WorklistPage").then((module) => ({ default: module.WorklistPage })),
);

export function App() {
  const { path } = useLocation();
  const language = useQuery(serviceQuery).data?.language;

  const imageShown = useFirstImage((state) => state.shown);
  useEffect(() => (imageShown ? followStudies(queryClient) : undefined), [imageShown]);
  useEffect(() => {
    if (language) followService(language);
  }, [language]);

  return (
    <>
      <Page path={path} />
      <AccessGuard />
    </>
  );
}

function Page({ path }: { path: string }) {
  const { t } = useTranslation();
  const session = useSession();
  const onlyRuns = session && !session.roles.includes("reader");
  if (path === "/admin" || (path === "/" && onlyRuns)) {
    return (
      <Suspense>
        <AdminPage />
      </Suspense>
    );
  }
  if (path === "/") {
    return (
      <Suspense>
        <WorklistPage />
      </Suspense>
    );
  }
  if (path === "/viewer" || path === "/viewer/") return <ViewerPage />;
  return <p>{t("app.notFound")}</p>;
}
