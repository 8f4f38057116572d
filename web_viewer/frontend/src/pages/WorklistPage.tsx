import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { AppHeader } from "../components/AppHeader";
import { Button } from "../components/Button";
import { Disclaimer } from "../components/Disclaimer";
import { Failure } from "../components/Failure";
import { CriticalBanner } from "../features/worklist/CriticalBanner";
import { EmptyWorklist } from "../features/worklist/EmptyWorklist";
import { SHOWN_STATES, type Shown, WorklistFilters } from "../features/worklist/WorklistFilters";
import { WorklistTable } from "../features/worklist/WorklistTable";
import { worklistQuery } from "../lib/queries";
import style from "./worklistPage.module.css";

const PAGE = 100;
const URGENT = { limit: PAGE }; // the head of the unfiltered list holds every urgent study

export function WorklistPage() {
  const { t } = useTranslation();
  const [only, setOnly] = useState<Shown>("all");
  const [text, setText] = useState("");
  const [limit, setLimit] = useState(PAGE);
  const q = useDeferredValue(text.trim());
  const head = useQuery(worklistQuery(URGENT));
  const list = useQuery({
    ...worklistQuery({ state: SHOWN_STATES[only], q, limit }),
    placeholderData: keepPreviousData,
  });
  const filtered = only !== "all" || q !== "";
  const shown = list.data;

  useEffect(() => {
    document.title = "Kidray";
  }, []);

  return (
    <div className={style.page}>
      <AppHeader>
        <h1 className={style.brand}>Kidray</h1>
        <span className={style.place}>{t("app.worklist")}</span>
        <span className={style.disclaimer}>
          <Disclaimer />
        </span>
      </AppHeader>
      <main className={style.main}>
        <div className={style.top}>
          {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
          {head.data && <CriticalBanner items={head.data.items} />}
          <div className={style.bar}>
            <WorklistFilters shown={only} onShow={setOnly} text={text} onText={setText} />
            {shown && <span className={style.count}>{t("worklist.total", { count: shown.total })}</span>}
          </div>
        </div>
        {list.isPending && <Skeleton />}
        {shown && shown.items.length === 0 && !filtered && <EmptyWorklist />}
        {shown && shown.items.length === 0 && filtered && (
          <div className={style.nothing}>
            <p>{t("worklist.nothingMatches")}</p>
            <Button
              onClick={() => {
                setOnly("all");
                setText("");
              }}
            >
              {t("worklist.clear")}
            </Button>
          </div>
        )}
        {shown && shown.items.length > 0 && <WorklistTable items={shown.items} />}
        {shown && shown.total > shown.items.length && (
          <div className={style.nothing}>
            <Button onClick={() => setLimit(limit + PAGE)}>{t("worklist.more")}</Button>
          </div>
        )}
      </main>
    </div>
  );
}

function Skeleton() {
  const { t } = useTranslation();
  return (
    <div className={style.skeleton} role="status" aria-label={t("app.loading")}>
      {Array.from({ length: 8 }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
        <i key={row} />
      ))}
    </div>
  );
}
