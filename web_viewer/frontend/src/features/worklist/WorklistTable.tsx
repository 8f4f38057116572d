import { useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useFindingTable } from "../../lib/findingNames";
import { useNow } from "../../lib/now";
import { studyQuery } from "../../lib/queries";
import { useShortcuts } from "../../lib/shortcuts";
import { readingOrder } from "./order";
import { isKnown, type Rows } from "./rows";
import { WorklistRow } from "./WorklistRow";
import style from "./worklist.module.css";

const PLAIN_ROWS = 60; // up to here every row is drawn; beyond, those near the screen
const ROW_HEIGHT = 57; // CSS pixels, until a row was measured
const COLUMNS = 8;
const GLANCE_MS = 120; // over a row before its study is fetched ahead: not while rows pass by below the pointer
const OVERSCAN = 12; // rows beyond the screen: more than what stands above the table

interface TableProps {
  items: Rows; // in the service's order where some are not known yet
  scroller: RefObject<HTMLElement | null>;
  onRange: (first: number, last: number) => void; // which rows are near the screen
}

export function WorklistTable({ items, scroller, onRange }: TableProps) {
  const { t } = useTranslation();
  const now = useNow();
  const table = useFindingTable();
  const onGlance = useGlance();
  const body = useRef<HTMLTableSectionElement>(null);
  const rows = useMemo(() => inOrder(items), [items]);
  const virtualizer = useVirtualizer({
    count: rows.length,
    enabled: rows.length > PLAIN_ROWS,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.study_uid ?? index,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const drawn = rows.length > PLAIN_ROWS ? virtualizer.getVirtualItems() : null;
  const first = drawn?.[0]?.index ?? 0;
  const end = drawn ? (drawn.at(-1)?.index ?? -1) + 1 : rows.length;
  useEffect(() => onRange(first, end), [first, end, onRange]);

  const step = (by: 1 | -1) => focusRow(body.current, by);
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: (event) => {
      event.preventDefault();
      step(1);
    },
    ArrowUp: (event) => {
      event.preventDefault();
      step(-1);
    },
  });
  return (
    <table className={style.table}>
      <thead>
        <tr>
          <th scope="col">{t("worklist.patient")}</th>
          <th scope="col">{t("worklist.study")}</th>
          <th scope="col">{t("worklist.findings")}</th>
          <th scope="col">{t("worklist.state")}</th>
          <th scope="col">{t("views.reader")}</th>
          <th scope="col" className={style.number} title={t("worklist.timeToDraftLong")}>
            {t("worklist.timeToDraft")}
          </th>
          <th scope="col">{t("worklist.delivery")}</th>
          <th scope="col">{t("worklist.received")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {drawn && <Spacer height={drawn[0]?.start ?? 0} />}
        {rows.slice(first, end).map((item, offset) =>
          item ? (
            <WorklistRow
              key={item.study_uid}
              item={item}
              now={now}
              index={first + offset}
              measure={drawn ? virtualizer.measureElement : null}
              onGlance={onGlance}
              table={table}
            />
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: a place that nothing is known to stand in
            <UnknownRow key={`unknown ${first + offset}`} />
          ),
        )}
        {drawn && <Spacer height={virtualizer.getTotalSize() - (drawn.at(-1)?.end ?? 0)} />}
      </tbody>
    </table>
  );
}

/** Return what is to be told of the row under the pointer: its study is then fetched ahead. */
function useGlance(): (studyUid: string | null) => void {
  const queryClient = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (studyUid) => {
      clearTimeout(timer.current);
      if (studyUid === null) return;
      timer.current = setTimeout(() => void queryClient.prefetchQuery(studyQuery(studyUid)), GLANCE_MS);
    },
    [queryClient],
  );
}

/** Stands for a study that is on its way here. */
function UnknownRow() {
  const { t } = useTranslation();
  return (
    <tr className={style.unknown} data-testid="unknown-row">
      <td colSpan={COLUMNS}>{t("views.loadingRow")}</td>
    </tr>
  );
}

/** Stands for the rows that are not drawn. */
function Spacer({ height }: { height: number }) {
  return height > 0 ? (
    <tr aria-hidden>
      <td colSpan={COLUMNS} style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null;
}

/** Return the rows in reading order; a list with gaps is in the service's. */
function inOrder(items: Rows): Rows {
  return items.every(isKnown) ? readingOrder(items) : items;
}

function focusRow(body: HTMLElement | null, by: 1 | -1): void {
  const links = [...(body?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}
