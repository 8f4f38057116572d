import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useOverlay } from "../../lib/overlayStore";
import { useShortcuts } from "../../lib/shortcuts";
import { chooseRenderer } from "./chooseRenderer";
import type { Point } from "./geometry";
import { followPointers } from "./gestures";
import { Magnifier } from "./Magnifier";
import { regionDrawer } from "./regionDrawer";
import type { RadiographRenderer } from "./renderer";
import { ShapeLayer } from "./ShapeLayer";
import { type Shown, Stage } from "./stage";
import { stageShortcuts } from "./stageShortcuts";
import style from "./viewer.module.css";
import { useViewport } from "./viewportStore";

interface CanvasProps {
  pixels: Uint16Array;
  shown: Shown;
  complete: boolean; // whether the overlay is in `shown`, or known to be none
  onHover: (point: Point | null) => void;
  onScale: (scale: number) => void;
}

/** The canvas with radiograph and overlay. `data-state` is "ready" once both are drawn. */
export function RadiographCanvas({ pixels, shown, complete, onHover, onScale }: CanvasProps) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [stage, setStage] = useState<Stage | null>(null);
  const [wanted, setWanted] = useState(() => new URLSearchParams(location.search).get("renderer"));
  const [pointer, setPointer] = useState<Point | null>(null); // kept while the magnifier is held
  const magnifying = useHeldMagnifier();
  const under = useRef<Point | null>(null);
  const latest = useRef({ shown, pixels, onHover, onScale, magnifying });
  latest.current = { shown, pixels, onHover, onScale, magnifying };

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
    const made = new Stage(element, renderer);
    const stopPointers = followPointers(made, {
      drawer: (tool) =>
        tool === "region" ? regionDrawer(latest.current.pixels, latest.current.shown.header) : null,
      pick: (at) => {
        const found = made.findingAt(at);
        useOverlay.getState().select(found?.id ?? null);
      },
      hover: (at) => {
        under.current = at;
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

  // biome-ignore lint/correctness/useExhaustiveDependencies: what else `shown` holds is restyled below
  useEffect(() => {
    if (!stage) return;
    stage.canvas.dataset.state = "loading";
    stage.show(latest.current.shown, pixels);
  }, [stage, pixels, header]);

  useEffect(() => {
    stage?.restyle({ header, mask, findings, table });
  }, [stage, header, mask, findings, table]);

  useEffect(() => {
    if (!stage) return;
    const stop = stage.watch(() => {
      latest.current.onScale(stage.placement()?.scale ?? 1);
      if (!stage.isShowing(header)) return;
      mark("kidray:radiograph-drawn", stage.canvas, "radiograph");
      if (complete) mark("kidray:overlay-drawn", stage.canvas, "ready");
    });
    stage.ask();
    return stop;
  }, [stage, complete, header]);

  useShortcuts(stage ? stageShortcuts(stage, () => dragRange(shown)) : {});
  const tool = useViewport((state) => state.tool);
  return (
    <>
      <canvas
        key={wanted}
        ref={canvas}
        className={style.canvas}
        data-testid="viewer-canvas"
        data-state="loading"
        data-tool={tool}
        role="img"
        aria-label={t("viewer.image")}
      />
      {stage && <ShapeLayer stage={stage} />}
      {stage && pointer && <Magnifier stage={stage} mask={mask} at={pointer} />}
    </>
  );
}

/** Say the canvas's size in device pixels, now and whenever it or the screen's density changes. */
function followSize(element: HTMLElement, say: (width: number, height: number) => void): () => void {
  const observer = new ResizeObserver(([entry]) => {
    const exact = entry?.devicePixelContentBoxSize?.[0]; // not in every browser
    if (exact) say(exact.inlineSize, exact.blockSize);
    else if (entry) {
      const { width, height } = entry.contentRect;
      say(Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio));
    }
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

const dragRange = ({ header }: Shown): number => Math.max(1, header.maximum - header.minimum);

function mark(name: string, canvas: HTMLCanvasElement, state: "radiograph" | "ready"): void {
  if (canvas.dataset.state === "ready" || canvas.dataset.state === state) return;
  canvas.dataset.state = state;
  performance.mark(name);
}
