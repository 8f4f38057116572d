import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { WorklistItem } from "../../lib/model";
import { useNow } from "../../lib/now";
import { studyQuery } from "../../lib/queries";
import { useShortcuts } from "../../lib/shortcuts";
import { readingOrder } from "./order";
import { WorklistRow } from "./WorklistRow";
import style from "./worklist.module.css";

export function WorklistTable({ items }: { items: readonly WorklistItem[] }) {
  const { t } = useTranslation();
  const now = useNow();
  const queryClient = useQueryClient();
  const body = useRef<HTMLTableSectionElement>(null);
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
        {readingOrder(items).map((item) => (
          <WorklistRow
            key={item.study_uid}
            item={item}
            now={now}
            onGlance={(uid) => void queryClient.prefetchQuery(studyQuery(uid))}
          />
        ))}
      </tbody>
    </table>
  );
}

function focusRow(body: HTMLElement | null, by: 1 | -1): void {
  const links = [...(body?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}
