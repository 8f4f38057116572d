/** A finding's outline while the reader draws it anew: what is shown, kept, undone. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { correctMask } from "../../../lib/api";
import { useCorrection } from "../../../lib/correctionStore";
import type { Finding, FindingDefinition, RadiographHeader, StudyRecord } from "../../../lib/model";
import { useOverlay } from "../../../lib/overlayStore";
import { UNNAMED, useReader } from "../../../lib/reader";
import { useDrawing } from "../drawingStore";
import { useViewport } from "../viewportStore";
import type { Edited } from "./correctionDrawers";
import { EditableMask, maskOfBit, withMask } from "./editableMask";

const BRUSH_SHARE = 0.012; // of the radiograph's longer side: the brush to begin with

export interface MaskCorrection {
  finding: Finding;
  edited: Edited;
  overlay: Uint8Array; // with the mask as it is drawn now
  findings: readonly Finding[]; // the drawn one as there
  phase: "drawing" | "saving" | "measuring";
  error: Error | null;
  save: () => void;
  discard: () => void;
}

interface Given {
  studyUid: string;
  findings: readonly Finding[]; // of the radiograph that is shown
  header: RadiographHeader | undefined;
  overlay: Uint8Array | null | undefined; // undefined: not there yet
  table: readonly FindingDefinition[];
}

export function useMaskCorrection({
  studyUid,
  findings,
  header,
  overlay,
  table,
}: Given): MaskCorrection | null {
  const client = useQueryClient();
  const reader = useReader((state) => state.name);
  const findingId = useCorrection((state) => state.findingId);
  const finding = findings.find(({ id }) => id === findingId);
  const definition = table.find(({ label }) => label === finding?.label);
  const bit = definition ? definition.segment_number - 1 : 0;
  const [version, setVersion] = useState(0);
  const [start, setStart] = useState<{ id: string; mask: EditableMask; segment: string | null } | null>(null);
  const segment = finding?.segment?.instance_uid ?? null;

  const send = useMutation({
    mutationFn: () => {
      const drawn = start?.mask.drawn();
      if (!finding || !drawn) throw new Error("There is nothing inside.");
      return correctMask(studyUid, finding.id, drawn, reader.trim() || UNNAMED);
    },
    onSuccess: (record: StudyRecord) => client.setQueryData(["study", studyUid], record),
  });

  const ready = finding && header && overlay !== undefined && definition;
  useEffect(() => {
    if (!ready || start?.id === finding.id) return;
    const size = { width: header.columns, height: header.rows };
    setStart({ id: finding.id, mask: new EditableMask(size, maskOfBit(overlay, bit, size)), segment });
    useDrawing.getState().set({
      color: `rgb(${definition.color.join(" ")})`,
      radius: Math.round(Math.max(header.columns, header.rows) * BRUSH_SHARE),
    });
    useViewport.getState().setTool("brush");
    useOverlay.getState().select(finding.id);
  }, [ready, start, finding, header, overlay, bit, segment, definition]);

  const saved = send.isSuccess && start !== null && segment !== start.segment && overlay !== undefined;
  useEffect(() => {
    if (!saved && (findingId !== null || start === null)) return;
    setStart(null); // the service's own is there, or the reader has left off
    send.reset();
    useDrawing.getState().set({ stroke: null, polygon: [] });
    useViewport.getState().setTool("window");
    useCorrection.getState().end();
  }, [saved, findingId, start, send.reset]);

  const live = start && finding && start.id === finding.id ? start : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the mask is drawn on in place; `version` counts
  const merged = useMemo(
    () => (live ? withMask(overlay ?? null, bit, live.mask.bits) : null),
    [live, overlay, bit, version],
  );
  const shownFindings = useMemo(
    () => findings.map((each) => (each.id === live?.id ? { ...each, presence: "present" as const } : each)),
    [findings, live?.id],
  );
  const edited = useMemo<Edited | null>(
    () => live && { mask: live.mask, changed: () => setVersion((count) => count + 1) },
    [live],
  );
  if (!live || !finding || !merged || !edited) return null;
  return {
    finding,
    edited,
    overlay: merged,
    findings: shownFindings,
    phase: send.isPending ? "saving" : send.isSuccess ? "measuring" : "drawing",
    error: send.error,
    save: () => send.mutate(),
    discard: () => useCorrection.getState().end(),
  };
}
