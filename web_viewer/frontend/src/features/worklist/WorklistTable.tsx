import { useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { WorklistItem } from "../../lib/model";
import { useNow } from "../../lib/now";
import { studyQuery } from "../../lib/queries";
import { useShortcuts } from "../../lib/shortcuts";
import { readingOrder } from "./order";
import { WorklistRow } from "./WorklistRow";
import style from "./worklist.module.css";

const PLAIN_ROWS = 60; // up to here every row is drawn; beyond, those near the screen
const ROW_HEIGHT = 57; // CSS pixels, until a row was measured
const NEAR_END = 20; // rows
const OVERSCAN = 12; // rows beyond the screen: more than what stands above the table

interface TableProps {
  items: readonly WorklistItem[];
  scroller: RefObject<HTMLElement | null>;
  onNearEnd: () => void;
}

export function WorklistTable({ items, scroller, onNearEnd }: TableProps) {
  const { t } = useTranslation();
  const now = useNow();
  const queryClient = useQueryClient();
  const body = useRef<HTMLTableSectionElement>(null);
  const rows = useMemo(() => readingOrder(items), [items]);
  const virtualizer = useVirtualizer({
    count: rows.length,
    enabled: rows.length > PLAIN_ROWS,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.study_uid ?? index,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const onGlance = useCallback(
    (uid: string) => void queryClient.prefetchQuery(studyQuery(uid)),
    [queryClient],
  );
  const drawn = rows.length > PLAIN_ROWS ? virtualizer.getVirtualItems() : null;
  const first = drawn?.[0]?.index ?? 0;
  const end = drawn ? (drawn.at(-1)?.index ?? -1) + 1 : rows.length;
  const nearEnd = end >= rows.length - NEAR_END;
  useEffect(() => {
    if (nearEnd) onNearEnd();
  }, [nearEnd, onNearEnd]);

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
          <th scope="col" className={style.number} title={t("worklist.timeToDraftLong")}>
            {t("worklist.timeToDraft")}
          </th>
          <th scope="col">{t("worklist.delivery")}</th>
          <th scope="col">{t("worklist.received")}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {drawn && <Spacer height={drawn[0]?.start ?? 0} />}
        {rows.slice(first, end).map((item, offset) => (
          <WorklistRow
            key={item.study_uid}
            item={item}
            now={now}
            index={first + offset}
            measure={drawn ? virtualizer.measureElement : null}
            onGlance={onGlance}
          />
        ))}
        {drawn && <Spacer height={virtualizer.getTotalSize() - (drawn.at(-1)?.end ?? 0)} />}
      </tbody>
    </table>
  );
}

/** Stands for the rows that are not drawn. */
function Spacer({ height }: { height: number }) {
  return height > 0 ? (
    <tr aria-hidden>
      <td colSpan={7} style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null;
}

function focusRow(body: HTMLElement | null, by: 1 | -1): void {
  const links = [...(body?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}
