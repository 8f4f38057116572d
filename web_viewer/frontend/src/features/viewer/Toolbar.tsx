import {
  CaretsToAxisDashedVertical,
  Circle,
  Contrast,
  Eye,
  EyeOff,
  Maximize,
  Move,
  MoveUpRight,
  RotateCcw,
  RotateCw,
  Ruler,
  Square,
  SquareDashed,
  SunMedium,
  TriangleRight,
  Type,
  ZoomIn,
} from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import type { AnnotationKind, RadiographHeader } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { useMeasuring } from "./measurement/measurementStore";
import { PresetChoice } from "./PresetChoice";
import style from "./viewer.module.css";
import { useViewport, type ViewTool } from "./viewportStore";

const TOOLS: { tool: ViewTool; icon: typeof Move; key: string }[] = [
  { tool: "window", icon: SunMedium, key: "W" },
  { tool: "region", icon: SquareDashed, key: "G" },
  { tool: "pan", icon: Move, key: "P" },
  { tool: "zoom", icon: ZoomIn, key: "Z" },
];
const MEASURES: { kind: AnnotationKind; icon: typeof Move; key: string }[] = [
  { kind: "length", icon: Ruler, key: "D" },
  { kind: "angle", icon: TriangleRight, key: "V" },
  { kind: "rectangle", icon: Square, key: "Q" },
  { kind: "ellipse", icon: Circle, key: "C" },
  { kind: "arrow", icon: MoveUpRight, key: "Y" },
  { kind: "text", icon: Type, key: "U" },
];
const ICON = 17;

interface ToolbarProps {
  header: RadiographHeader | null;
  tools?: ReactNode; // further ones
}

export function Toolbar({ header, tools }: ToolbarProps) {
  const { t } = useTranslation();
  // Not the window nor the placement: the toolbar is not drawn anew with every movement of a drag.
  const chosen = useViewport((state) => state.tool);
  const negative = useViewport((state) => state.negative);
  const flipped = useViewport((state) => state.flipped);
  const view = useViewport.getState();
  const locked = useMeasuring((state) => state.locked);
  const showActual = () => {
    if (!header) return;
    const { placement, turns, flipped } = useViewport.getState();
    const center = placement?.center ?? { x: header.columns / 2, y: header.rows / 2 };
    view.place({ scale: 1, center, turns, flipped });
  };
  return (
    <div className={style.toolbar} role="toolbar" aria-label={t("viewer.radiographs")}>
      <div className={style.tools}>
        {TOOLS.map(({ tool, icon: Icon, key }) => (
          <IconButton
            key={tool}
            label={`${t(`viewer.${tool}`)} (${key})`}
            aria-pressed={chosen === tool}
            onClick={() => view.setTool(tool)}
          >
            <Icon size={ICON} aria-hidden />
          </IconButton>
        ))}
      </div>
      <PresetChoice header={header} />
      <div className={style.tools}>
        <IconButton label={`${t("viewer.invert")} (I)`} aria-pressed={negative} onClick={view.toggleNegative}>
          <Contrast size={ICON} aria-hidden />
        </IconButton>
        <IconButton label={`${t("viewer.turn")} (T)`} onClick={view.turn}>
          <RotateCw size={ICON} aria-hidden />
        </IconButton>
        <IconButton label={`${t("viewer.flip")} (X)`} aria-pressed={flipped} onClick={view.flip}>
          <CaretsToAxisDashedVertical size={ICON} aria-hidden />
        </IconButton>
        <IconButton label={`${t("viewer.fit")} (F)`} onClick={() => view.place(null)}>
          <Maximize size={ICON} aria-hidden />
        </IconButton>
        <Button look="quiet" title={`${t("viewer.actual")} (A)`} onClick={showActual}>
          {t("viewer.actual")}
        </Button>
        <IconButton label={`${t("viewer.reset")} (R)`} onClick={view.reset}>
          <RotateCcw size={ICON} aria-hidden />
        </IconButton>
      </div>
      {!locked && (
        <div className={style.tools} data-testid="measuring-tools">
          {MEASURES.map(({ kind, icon: Icon, key }) => (
            <IconButton
              key={kind}
              label={`${t(`viewer.measure.${kind}`)} (${key})`}
              aria-pressed={chosen === kind}
              data-testid={`measure-${kind}`}
              onClick={() => view.setTool(chosen === kind ? "window" : kind)}
            >
              <Icon size={ICON} aria-hidden />
            </IconButton>
          ))}
        </div>
      )}
      {tools && <div className={style.tools}>{tools}</div>}
      <OverlayControl />
    </div>
  );
}

function OverlayControl() {
  const { t } = useTranslation();
  const { opacity, off, setOpacity, toggleAll } = useOverlay();
  return (
    <div className={style.overlayControl}>
      <IconButton label={`${t("viewer.overlay")} (O)`} aria-pressed={!off} onClick={toggleAll}>
        {off ? <EyeOff size={ICON} aria-hidden /> : <Eye size={ICON} aria-hidden />}
      </IconButton>
      <label title={t("viewer.hideHint")}>
        <span>{t("viewer.overlay")}</span>
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          value={off ? 0 : Math.round(opacity * 100)}
          aria-label={t("viewer.overlayOpacity")}
          data-testid="overlay-opacity"
          onChange={(event) => setOpacity(Number(event.target.value) / 100)}
        />
      </label>
    </div>
  );
}
