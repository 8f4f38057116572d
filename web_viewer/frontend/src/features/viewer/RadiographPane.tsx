import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../../components/Failure";
import { Notice } from "../../components/Notice";
import { previewAddress } from "../../lib/api";
import { useFindingTable } from "../../lib/findingNames";
import type { AnnotationSet, Finding, ShownRadiograph } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { headerQuery, overlayQuery, usePixels } from "../../lib/queries";
import { useShortcuts } from "../../lib/shortcuts";
import { useMaskCorrection } from "./correction/useMaskCorrection";
import type { Point, Size } from "./geometry";
import { ImageNotes } from "./ImageNotes";
import { useMeasuring } from "./measurement/measurementStore";
import { RadiographCanvas } from "./RadiographCanvas";
import type { Shown } from "./stage";
import { Toolbar } from "./Toolbar";
import style from "./viewer.module.css";
import { useViewport } from "./viewportStore";

const CorrectionBar = lazy(() =>
  import("./correction/CorrectionBar").then((module) => ({ default: module.CorrectionBar })),
);

const PREVIEW_MS = 150;

interface PaneProps {
  studyUid: string;
  radiograph: ShownRadiograph;
  findings: readonly Finding[]; // of this radiograph
  reading: string; // changes when the model has read the study again; "" before it has
  saved: AnnotationSet | null; // what was measured on it
  locked: boolean; // whether nothing may be drawn: signed, or of another study
  leader?: Size | undefined; // the image beside which this one is shown, and whose view it follows
  tools?: ReactNode; // further ones for the toolbar
  caption?: string | undefined; // what it is, where it is not of the study that is being read
}

/** One radiograph with its tools: a preview at once, then every bit of it, with the overlay on. */
export function RadiographPane({
  studyUid,
  radiograph,
  findings,
  reading,
  saved,
  locked,
  leader,
  tools,
  caption,
}: PaneProps) {
  const { t } = useTranslation();
  const uid = radiograph.instance_uid;
  const header = useQuery(headerQuery(studyUid, uid));
  const { whole: pixels, half } = usePixels(studyUid, uid);
  const overlay = useQuery({ ...overlayQuery(studyUid, uid, reading), enabled: reading !== "" });
  const { rows: table } = useFindingTable();
  const probe = useRef<HTMLSpanElement>(null);
  const scaleNote = useRef<HTMLSpanElement>(null);
  useFreshView(leader ? null : uid, findings);
  useEffect(() => {
    if (!leader) useMeasuring.getState().open(uid, saved, locked);
  }, [uid, saved, locked, leader]);
  useHeldOverlay();

  const correction = useMaskCorrection({
    studyUid,
    findings,
    header: header.data,
    overlay: overlay.data,
    table,
  });
  const mask = correction?.overlay ?? overlay.data ?? null;
  const seen = correction?.findings ?? findings;
  const shown = useMemo<Shown | null>(
    () => (header.data ? { header: header.data, mask, findings: seen, table } : null),
    [header.data, mask, seen, table],
  );
  const complete = table.length > 0 && (reading === "" || overlay.isSuccess);
  const error = header.error ?? pixels.error;

  const onHover = (point: Point | null) => {
    if (probe.current && header.data) probe.current.textContent = probeText(point, header.data, pixels.data);
  };

  // Past React: drawn anew with every movement, the pane would hold up the image.
  const onScale = (scale: number) => {
    const text = `${Math.round(scale * 100)} %`;
    if (scaleNote.current && scaleNote.current.textContent !== text) scaleNote.current.textContent = text;
  };

  return (
    <section className={style.pane} aria-label={t("viewer.image")}>
      {!leader && <Toolbar header={header.data ?? null} tools={tools} />}
      <Suspense>{correction && <CorrectionBar correction={correction} />}</Suspense>
      <div className={style.glass}>
        {!shown || !(pixels.data || half) ? (
          <>
            <Preview key={uid} address={previewAddress(studyUid, uid)} />
            {!error && <p className={style.loading}>{t("app.loading")}</p>}
          </>
        ) : (
          <RadiographCanvas
            key={uid}
            pixels={pixels.data ?? null}
            half={half}
            shown={shown}
            complete={complete}
            leader={leader ?? null}
            edited={correction?.phase === "drawing" ? correction.edited : null}
            onHover={onHover}
            onScale={onScale}
          />
        )}
        <div className={style.notices}>
          {error && (
            <Failure
              error={error}
              title={t("viewer.imageFailed")}
              onRetry={() => {
                void header.refetch();
                void pixels.refetch();
              }}
            />
          )}
          {overlay.error && <Notice tone="caution">{t("viewer.overlayFailed")}</Notice>}
        </div>
        <ImageNotes
          radiograph={radiograph}
          header={header.data ?? null}
          probe={probe}
          scale={scaleNote}
          caption={caption}
        />
      </div>
    </section>
  );
}

/** A small picture for whoever has to wait for the pixels; a browser keeps what it has shown, so not for others. */
function Preview({ address }: { address: string }) {
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), PREVIEW_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!waited) return null;
  const seen = () => performance.mark("kidray:preview-drawn");
  return <img className={style.preview} src={address} alt="" draggable={false} onLoad={seen} />;
}

/** Each radiograph is first seen fitted, as stored, with everything the model marked. */
function useFreshView(instanceUid: string | null, findings: readonly Finding[]): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the instance is what makes the view stale
  useEffect(() => {
    if (instanceUid === null) return;
    useViewport.getState().reset();
    const { selected, reset, select } = useOverlay.getState();
    reset();
    if (findings.some((finding) => finding.id === selected)) select(selected);
  }, [instanceUid]);
}

function useHeldOverlay(): void {
  const hold = useOverlay((state) => state.hold);
  useShortcuts({ h: () => hold(true) }, { h: () => hold(false) });
  useEffect(() => {
    const release = () => hold(false);
    window.addEventListener("blur", release);
    return () => window.removeEventListener("blur", release);
  }, [hold]);
}

function probeText(point: Point | null, header: Shown["header"], pixels: Uint16Array | undefined): string {
  if (!point || !pixels) return "";
  const column = Math.floor(point.x);
  const row = Math.floor(point.y);
  const wire = pixels[row * header.columns + column];
  if (wire === undefined) return "";
  return `${column}, ${row}: ${Math.round(wire * header.slope + header.offset)}`;
}
