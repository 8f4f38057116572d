import { Brush, Eraser, Pentagon, Redo2, Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../../components/Button";
import { Notice } from "../../../components/Notice";
import { useFindingTable } from "../../../lib/findingNames";
import { useShortcuts } from "../../../lib/shortcuts";
import { useDrawing } from "../drawingStore";
import { type CorrectionTool, useViewport } from "../viewportStore";
import style from "./correction.module.css";
import { closePolygon } from "./correctionDrawers";
import type { MaskCorrection } from "./useMaskCorrection";

const TOOLS: { tool: CorrectionTool; icon: typeof Brush; key: string }[] = [
  { tool: "brush", icon: Brush, key: "B" },
  { tool: "eraser", icon: Eraser, key: "E" },
  { tool: "polygon", icon: Pentagon, key: "L" },
];
const ICON = 17;
const LARGEST = 200; // image pixels
const STEP = 1.2;

/** Tools for drawing a finding's outline anew, while that is done. */
export function CorrectionBar({ correction }: { correction: MaskCorrection }) {
  const { t } = useTranslation();
  const { nameOf, colorOf } = useFindingTable();
  const { tool, setTool } = useViewport();
  const { radius, polygon, set } = useDrawing();
  const { edited, finding, phase } = correction;
  const { mask } = edited;
  const busy = phase !== "drawing";
  const empty = mask.drawn() === null;
  const undo = () => {
    if (busy) return;
    if (polygon.length > 0) set({ polygon: polygon.slice(0, -1) });
    else mask.undo();
    edited.changed();
  };
  const redo = () => {
    if (busy) return;
    mask.redo();
    edited.changed();
  };
  const resize = (factor: number) =>
    set({ radius: Math.min(LARGEST, Math.max(1, Math.round(radius * factor) || 1)) });
  const save = () => {
    if (!busy && !empty && mask.changed) correction.save();
  };
  useShortcuts({
    b: () => setTool("brush"),
    e: () => setTool("eraser"),
    l: () => setTool("polygon"),
    ",": () => resize(1 / STEP),
    ".": () => resize(STEP),
    "mod+z": (event) => (event.shiftKey ? redo() : undo()),
    "mod+y": redo,
    "mod+Enter": save,
    Enter: (event) => {
      if (polygon.length > 0) closePolygon(edited);
      else if (event.target instanceof HTMLButtonElement) event.target.click();
    },
    Escape: () => {
      if (polygon.length > 0) set({ polygon: [] });
      else if (!mask.changed && !busy) correction.discard();
    },
  });
  return (
    <div
      className={style.bar}
      role="toolbar"
      aria-label={t("viewer.correction.title")}
      data-testid="correction-bar"
    >
      <span className={style.name}>
        <i style={{ background: colorOf(finding.label) }} aria-hidden />
        {t("viewer.correction.of", { finding: nameOf(finding.label) })}
      </span>
      <div className={style.tools}>
        {TOOLS.map(({ tool: each, icon: Icon, key }) => (
          <IconButton
            key={each}
            label={`${t(`viewer.correction.${each}`)} (${key})`}
            aria-pressed={tool === each}
            disabled={busy}
            onClick={() => setTool(each)}
          >
            <Icon size={ICON} aria-hidden />
          </IconButton>
        ))}
      </div>
      <label className={style.size}>
        {t("viewer.correction.size")}
        <input
          type="range"
          min={1}
          max={LARGEST}
          value={radius}
          disabled={busy || tool === "polygon"}
          onChange={(event) => set({ radius: Number(event.target.value) })}
        />
      </label>
      <div className={style.tools}>
        <IconButton
          label={`${t("viewer.correction.undo")} (Ctrl Z)`}
          disabled={busy || !(mask.canUndo || polygon.length > 0)}
          onClick={undo}
        >
          <Undo2 size={ICON} aria-hidden />
        </IconButton>
        <IconButton
          label={`${t("viewer.correction.redo")} (Ctrl Shift Z)`}
          disabled={busy || !mask.canRedo}
          onClick={redo}
        >
          <Redo2 size={ICON} aria-hidden />
        </IconButton>
      </div>
      <div className={style.end}>
        {empty && <span className={style.hint}>{t("viewer.correction.empty")}</span>}
        {busy && (
          <span className={style.hint} role="status">
            {t(`viewer.correction.${phase}`)}
          </span>
        )}
        <Button small look="quiet" disabled={phase === "saving"} onClick={correction.discard}>
          {t("viewer.correction.discard")}
        </Button>
        <Button
          small
          look="primary"
          title="Ctrl Enter"
          data-testid="correction-save"
          disabled={busy || empty || !mask.changed}
          onClick={save}
        >
          {t("viewer.correction.save")}
        </Button>
      </div>
      {correction.error && (
        <Notice tone="critical">{t("viewer.correction.failed", { reason: correction.error.message })}</Notice>
      )}
    </div>
  );
}
