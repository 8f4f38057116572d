import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../../components/Button";
import { Notice } from "../../../components/Notice";
import { putMeasurements } from "../../../lib/api";
import type { StudyRecord } from "../../../lib/model";
import { headerQuery, pixelsQuery } from "../../../lib/queries";
import { UNNAMED, useReader } from "../../../lib/reader";
import { linesOf } from "./figures";
import style from "./measurement.module.css";
import { useMeasuring } from "./measurementStore";
import { wordsOf } from "./words";

/** What was measured on the radiograph: named, taken away, saved. */
export function MeasurementList({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const reader = useReader((state) => state.name);
  const { radiographUid, items, changed, locked, number, selected } = useMeasuring();
  const { change, remove, select, open } = useMeasuring.getState();
  const header = useQuery({ ...headerQuery(studyUid, radiographUid), enabled: radiographUid !== "" }).data;
  const pixels = useQuery({ ...pixelsQuery(studyUid, radiographUid), enabled: false }).data;
  const send = useMutation({
    mutationFn: () => putMeasurements(studyUid, radiographUid, items, number, reader.trim() || UNNAMED),
    onSuccess: (record: StudyRecord) => {
      useMeasuring.setState({ changed: false });
      const saved = record.marks.annotations.find((each) => each.radiograph_uid === radiographUid);
      open(radiographUid, saved ?? null, locked);
      client.setQueryData(["study", studyUid], record);
    },
  });
  if (items.length === 0 && !changed) return null;
  const words = wordsOf(t);
  return (
    <section className={style.list} aria-label={t("viewer.measure.title")} data-testid="measurements">
      <h2>{t("viewer.measure.title")}</h2>
      <ul>
        {items.map((item) => (
          <li key={item.id} data-selected={item.id === selected}>
            <input
              aria-label={t("viewer.measure.name")}
              placeholder={t(`viewer.measure.${item.kind}`)}
              value={item.text}
              maxLength={200}
              disabled={locked}
              onFocus={() => select(item.id)}
              onChange={(event) => change({ ...item, text: event.target.value })}
            />
            <span className={style.figure}>
              {header && pixels && linesOf({ ...item, text: "" }, header, pixels, words).join(" · ")}
            </span>
            <IconButton label={t("viewer.measure.remove")} disabled={locked} onClick={() => remove(item.id)}>
              <Trash2 size={16} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {send.error && (
        <Notice tone="critical">{t("viewer.measure.failed", { reason: send.error.message })}</Notice>
      )}
      {changed && !locked && (
        <div className={style.actions}>
          <span>{t("viewer.measure.unsaved")}</span>
          <Button
            small
            look="primary"
            data-testid="measurements-save"
            disabled={send.isPending || items.some((item) => item.kind === "text" && !item.text.trim())}
            onClick={() => send.mutate()}
          >
            {t("viewer.measure.save")}
          </Button>
        </div>
      )}
    </section>
  );
}
