import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Later } from "../../components/Later";
import { noteFirstImage } from "../../lib/firstImage";
import { useOverlay } from "../../lib/overlayStore";
import { useShortcuts } from "../../lib/shortcuts";
import { useThresholds } from "../../lib/thresholdStore";
import { askForGpu, chooseRenderer } from "./chooseRenderer";
import { correctionDrawer, type Edited } from "./correction/correctionDrawers";
import { useDrawing } from "./drawingStore";
import type { Point, Size } from "./geometry";
import { type Drawer, followPointers } from "./gestures";
import { measurementDrawer } from "./measurement/measurementDrawer";
import { useMeasuring } from "./measurement/measurementStore";
import { regionDrawer } from "./regionDrawer";
import type { RadiographRenderer } from "./renderer";
import { type Shown, Stage } from "./stage";
import { stageShortcuts } from "./stageShortcuts";
import style from "./viewer.module.css";
import { type Tool, useViewport } from "./viewportStore";

// Not needed for the first paint.
const ShapeLayer = lazy(() => import("./ShapeLayer").then((module) => ({ default: module.ShapeLayer })));
const ThresholdLayer = lazy(() =>
  import("./threshold/ThresholdLayer").then((module) => ({ default: module.ThresholdLayer })),
);
const Magnifier = lazy(() => import("./Magnifier").then((module) => ({ default: module.Magnifier })));

interface CanvasProps {
  pixels: Uint16Array | null; // all of them; null while they are on their way
  half: Uint16Array | null; // those at half the size, to be shown until then
  shown: Shown;
  complete: boolean; // whether the overlay is in `shown`, or known to be none
  leader: Size | null; // the image beside which this one follows; null: it leads, and is drawn on
  edited: Edited | null; // the mask that is being drawn, if any
  onHover: (point: Point | null) => void;
  onScale: (scale: number) => void;
}

/** The canvas with radiograph and overlay. `data-state` is "ready" once both are drawn and every pixel is here. */
export function RadiographCanvas(props: CanvasProps) {
  const { pixels, half, shown, complete, leader, edited, onHover, onScale } = props;
  const { t } = useTranslation();
  const newText = t("viewer.measure.text");
  const canvas = useRef<HTMLCanvasElement>(null);
  const lead = useRef(leader); // for as long as the canvas is there
  const [stage, setStage] = useState<Stage | null>(null);
  const [wanted, setWanted] = useState(() => new URLSearchParams(location.search).get("renderer"));
  const [pointer, setPointer] = useState<Point | null>(null); // kept while the magnifier is held
  const magnifying = useHeldMagnifier();
  const under = useRef<Point | null>(null);
  const latest = useRef({ shown, pixels, edited, onHover, onScale, magnifying, newText });
  latest.current = { shown, pixels, edited, onHover, onScale, magnifying, newText };

  useEffect(() => setPointer(magnifying ? under.current : null), [magnifying]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    let renderer: RadiographRenderer;
    try {
      renderer = chooseRenderer(element, wanted);
    } catch (error) {
      if (wanted === "canvas2d") throw error;
      setWanted("canvas2d");
      return;
    }
    element.dataset.renderer = renderer.kind;
    const made = new Stage(element, renderer, lead.current);
    const stopPointers = followPointers(made, {
      drawer: (tool) => (lead.current ? null : drawerOf(tool, made, latest.current, latest.current.newText)),
      pick: (at) => {
        const found = made.findingAt(at);
        useOverlay.getState().select(found?.id ?? null);
      },
      hover: (at) => {
        under.current = at;
        useDrawing.getState().set({ cursor: at && made.imageAt(at) });
        if (latest.current.magnifying) setPointer(at);
        latest.current.onHover(at && made.pointAt(at));
      },
      range: () => dragRange(latest.current.shown),
    });
    const stopSizing = followSize(element, (width, height) => made.resize(width, height));
    const fallBack = () => setWanted("canvas2d"); // the GPU went away: a new canvas draws without it
    element.addEventListener("webglcontextlost", fallBack);
    setStage(made);
    return () => {
      element.removeEventListener("webglcontextlost", fallBack);
      stopSizing();
      stopPointers();
      made.dispose();
    };
  }, [wanted]);

  const { header, mask, findings, table } = shown;

  useEffect(() => {
    if (!stage) return;
    if (!stage.isShowing(header)) stage.canvas.dataset.state = "loading";
    stage.show(latest.current.shown, { whole: pixels, half });
  }, [stage, pixels, half, header]);

  useEffect(() => {
    stage?.restyle({ header, mask, findings, table });
  }, [stage, header, mask, findings, table]);

  useEffect(() => {
    if (!stage) return;
    const stop = stage.watch(() => {
      latest.current.onScale(stage.placement()?.scale ?? 1);
      if (!stage.isShowing(header)) return;
      note(stage.canvas, !complete ? "radiograph" : stage.isWhole ? "ready" : "overlay");
    });
    stage.ask();
    return stop;
  }, [stage, complete, header]);

  useShortcuts(stage && !leader ? stageShortcuts(stage, () => dragRange(shown)) : {});
  const tool = useViewport((state) => state.tool);
  const cut = useThresholds(({ cuts }) => findings.some(({ id }) => id in cuts));
  return (
    <>
      <canvas
        key={wanted}
        ref={canvas}
        className={style.canvas}
        data-testid={leader ? "prior-canvas" : "viewer-canvas"}
        data-state="loading"
        data-tool={tool}
        role="img"
        aria-label={t("viewer.image")}
      />
      {stage && cut && (
        <Later>
          <ThresholdLayer stage={stage} shown={shown} />
        </Later>
      )}
      <Suspense>
        {stage && !leader && pixels && <ShapeLayer stage={stage} header={header} pixels={pixels} />}
        {stage && pointer && <Magnifier stage={stage} mask={mask} at={pointer} />}
      </Suspense>
    </>
  );
}

/** Say the canvas's size in device pixels, now and whenever it or the screen's density changes. */
function followSize(element: HTMLElement, say: (width: number, height: number) => void): () => void {
  const observer = new ResizeObserver(([entry]) => {
    if (!entry) return;
    const exact = entry.devicePixelContentBoxSize?.[0]; // not in every browser
    const sides = [entry.contentRect.width, entry.contentRect.height].map((side) => side * devicePixelRatio);
    const [width, height] = sides as [number, number];
    // A screen that is only pretended, as in a browser's developer tools, has another exact size.
    const trusted =
      exact && Math.abs(exact.inlineSize - width) <= 1 && Math.abs(exact.blockSize - height) <= 1;
    if (trusted) say(exact.inlineSize, exact.blockSize);
    else say(Math.round(width), Math.round(height));
  });
  try {
    observer.observe(element, { box: "device-pixel-content-box" });
  } catch {
    observer.observe(element);
  }
  return () => observer.disconnect();
}

function useHeldMagnifier(): boolean {
  const [held, setHeld] = useState(false);
  useShortcuts({ m: () => setHeld(true) }, { m: () => setHeld(false) });
  useEffect(() => {
    const release = () => setHeld(false);
    window.addEventListener("blur", release);
    return () => window.removeEventListener("blur", release);
  }, []);
  return held;
}

interface Drawn {
  shown: Shown;
  pixels: Uint16Array | null;
  edited: Edited | null;
}

/** Return what a tool draws with; null for those that move the view. */
function drawerOf(
  tool: Tool,
  stage: Stage,
  { shown, pixels, edited }: Drawn,
  newText: string,
): Drawer | null {
  switch (tool) {
    case "region":
      return pixels && regionDrawer(pixels, shown.header);
    case "brush":
    case "eraser":
    case "polygon":
      return edited && correctionDrawer(tool, stage, edited);
    case "window":
    case "pan":
    case "zoom":
      return null;
    default: {
      if (useMeasuring.getState().locked) return null;
      const size = { width: shown.header.columns, height: shown.header.rows };
      return measurementDrawer(tool, size, newText);
    }
  }
}

const dragRange = ({ header }: Shown): number => Math.max(1, header.maximum - header.minimum);

const STATES = ["loading", "radiograph", "overlay", "ready"] as const;

/** Say how much is drawn, once for each step; a radiograph that is there does not go back to less. */
function note(canvas: HTMLCanvasElement, state: (typeof STATES)[number]): void {
  const before = STATES.indexOf(canvas.dataset.state as typeof state);
  const now = STATES.indexOf(state);
  if (now <= before) return;
  canvas.dataset.state = state;
  if (before < 1) performance.mark("kidray:radiograph-drawn");
  if (before < 2 && now >= 2) {
    performance.mark("kidray:overlay-drawn");
    noteFirstImage();
  }
  if (state !== "ready") return;
  performance.mark("kidray:every-pixel-drawn");
  askForGpu();
}
