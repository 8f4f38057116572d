import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { AppHeader } from "../components/AppHeader";
import { Failure } from "../components/Failure";
import { Notice } from "../components/Notice";
import { useLocation } from "../lib/location";
import { studyQuery, worklistQuery } from "../lib/queries";
import { BackLink } from "./BackLink";
import { StudyReading } from "./StudyReading";
import style from "./viewerPage.module.css";

/** `/viewer?StudyInstanceUID=…` or `?AccessionNumber=…`. */
export function ViewerPage() {
  const { search } = useLocation();
  const uid = search.get("StudyInstanceUID");
  const accession = search.get("AccessionNumber");
  useEffect(() => {
    document.title = "Kidray viewer"; // no name: titles stay in the browser's history
  }, []);
  if (uid) return <ByStudy key={uid} uid={uid} />;
  if (accession) return <ByAccession accession={accession} />;
  return <Blank reason="viewer.noStudy" />;
}

function ByAccession({ accession }: { accession: string }) {
  const found = useQuery(worklistQuery({ accession, limit: 10 }));
  const item = found.data?.items.find((each) => each.summary.accession_number === accession);
  if (item) return <ByStudy key={item.study_uid} uid={item.study_uid} />;
  if (found.error) return <Blank error={found.error} onRetry={() => void found.refetch()} />;
  return <Blank reason={found.isPending ? "app.loading" : "viewer.noSuchAccession"} />;
}

function ByStudy({ uid }: { uid: string }) {
  const study = useQuery(studyQuery(uid));
  if (study.data) return <StudyReading record={study.data} lost={study.error} />;
  if (study.error) return <Blank error={study.error} onRetry={() => void study.refetch()} />;
  return <Blank reason="app.loading" />;
}

interface BlankProps {
  reason?: "app.loading" | "viewer.noStudy" | "viewer.noSuchAccession";
  error?: Error;
  onRetry?: () => void;
}

function Blank({ reason, error, onRetry }: BlankProps) {
  const { t } = useTranslation();
  return (
    <div className={style.page}>
      <AppHeader>
        <BackLink />
      </AppHeader>
      <main className={style.blank}>
        <h1 className="visually-hidden">Kidray</h1>
        {error && onRetry ? (
          <Failure error={error} onRetry={onRetry} />
        ) : (
          reason && <Notice>{t(reason)}</Notice>
        )}
      </main>
    </div>
  );
}
