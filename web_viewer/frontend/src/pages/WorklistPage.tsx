import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { AppHeader } from "../components/AppHeader";
import { Button } from "../components/Button";
import { Disclaimer } from "../components/Disclaimer";
import { Failure } from "../components/Failure";
import { CriticalBanner } from "../features/worklist/CriticalBanner";
import { EmptyWorklist } from "../features/worklist/EmptyWorklist";
import { SHOWN_STATES, type Shown, WorklistFilters } from "../features/worklist/WorklistFilters";
import { WorklistTable } from "../features/worklist/WorklistTable";
import type { Worklist, WorklistItem } from "../lib/model";
import { worklistPagesQuery } from "../lib/queries";
import style from "./worklistPage.module.css";

// Urgent studies stand at the head of the unfiltered list, whatever is filtered below.
const UNFILTERED = { state: SHOWN_STATES.all, q: "" };

export function WorklistPage() {
  const { t } = useTranslation();
  const [only, setOnly] = useState<Shown>("all");
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const head = useInfiniteQuery(worklistPagesQuery(UNFILTERED));
  const list = useInfiniteQuery(worklistPagesQuery({ state: SHOWN_STATES[only], q }));
  const scroller = useRef<HTMLElement>(null);
  const items = useMemo(() => onceEach(list.data?.pages ?? []), [list.data]);
  const total = list.data?.pages.at(-1)?.total ?? 0;
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const filtered = only !== "all" || q !== "";

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
          {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
          <CriticalBanner items={head.data?.pages[0]?.items} />
          <div className={style.bar}>
            <WorklistFilters shown={only} onShow={setOnly} text={text} onText={setText} />
            {list.data && <span className={style.count}>{t("worklist.total", { count: total })}</span>}
          </div>
        </div>
        {list.isPending && <Skeleton />}
        {list.data && items.length === 0 && !filtered && <EmptyWorklist />}
        {list.data && items.length === 0 && filtered && (
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
        {items.length > 0 && <WorklistTable items={items} scroller={scroller} onNearEnd={onNearEnd} />}
      </main>
    </div>
  );
}

/** Return the studies of all pages; one that moved between two requests counts once. */
function onceEach(pages: readonly Worklist[]): WorklistItem[] {
  const byUid = new Map(pages.flatMap((page) => page.items).map((item) => [item.study_uid, item]));
  return [...byUid.values()];
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
