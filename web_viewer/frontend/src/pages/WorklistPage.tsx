import { useQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { AppHeader } from "../components/AppHeader";
import { Button } from "../components/Button";
import { Disclaimer } from "../components/Disclaimer";
import { Failure } from "../components/Failure";
import { CriticalBanner } from "../features/worklist/CriticalBanner";
import { EmptyWorklist } from "../features/worklist/EmptyWorklist";
import { onOtherPages, PAGE } from "../features/worklist/rows";
import { useWorklistRows } from "../features/worklist/useWorklistRows";
import { EVERYTHING, isEverything, type View } from "../features/worklist/view";
import { SHOWN_STATES, WorklistFilters } from "../features/worklist/WorklistFilters";
import { WorklistTable } from "../features/worklist/WorklistTable";
import { worklistPageQuery } from "../lib/queries";
import style from "./worklistPage.module.css";

// Urgent studies stand at the head of the unfiltered list, whatever is filtered below.
const UNFILTERED = { state: SHOWN_STATES.all, q: "", delivery: "" } as const;

export function WorklistPage() {
  const { t } = useTranslation();
  const [view, setView] = useState<View>(EVERYTHING);
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const q = useDeferredValue(view.text.trim());
  const head = useQuery(worklistPageQuery(UNFILTERED, 0, PAGE));
  const delivery = view.delivery === "any" ? "" : view.delivery;
  const list = useWorklistRows({ state: SHOWN_STATES[view.only], q, delivery }, range);
  const scroller = useRef<HTMLElement>(null);
  const onRange = useCallback(
    (first: number, last: number) => setRange((before) => onOtherPages(before, [first, last])),
    [],
  );
  const filtered = !isEverything(view);
  const total = list.rows?.length ?? 0;

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
      <main className={style.main} ref={scroller}>
        <div className={style.top}>
          {list.error && <Failure error={list.error} onRetry={() => list.refetch()} />}
          <CriticalBanner items={head.data?.items} />
          <div className={style.bar}>
            <WorklistFilters view={view} onView={setView} />
            {list.rows && <span className={style.count}>{t("worklist.total", { count: total })}</span>}
          </div>
        </div>
        {!list.rows && !list.error && <Skeleton />}
        {list.rows && total === 0 && !filtered && <EmptyWorklist />}
        {list.rows && total === 0 && filtered && (
          <div className={style.nothing}>
            <p>{t("worklist.nothingMatches")}</p>
            <Button onClick={() => setView(EVERYTHING)}>{t("worklist.clear")}</Button>
          </div>
        )}
        {list.rows && total > 0 && <WorklistTable items={list.rows} scroller={scroller} onRange={onRange} />}
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
