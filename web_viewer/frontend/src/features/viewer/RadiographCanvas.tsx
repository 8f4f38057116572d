import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useOverlay } from "../../lib/overlayStore";
import { useShortcuts } from "../../lib/shortcuts";
import { chooseRenderer } from "./chooseRenderer";
import type { Point } from "./geometry";
import { followPointers } from "./gestures";
import type { RadiographRenderer } from "./renderer";
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
  const latest = useRef({ shown, onHover, onScale });
  latest.current = { shown, onHover, onScale };

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
      pick: (at) => {
        const found = made.findingAt(at);
        useOverlay.getState().select(found?.id ?? null);
      },
      hover: (at) => latest.current.onHover(at && made.pointAt(at)),
      range: () => dragRange(latest.current.shown),
    });
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      made.resize(Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio));
    });
    observer.observe(element);
    const fallBack = () => setWanted("canvas2d"); // the GPU went away: a new canvas draws without it
    element.addEventListener("webglcontextlost", fallBack);
    setStage(made);
    return () => {
      element.removeEventListener("webglcontextlost", fallBack);
      observer.disconnect();
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
    stage.onDrawn = () => {
      latest.current.onScale(stage.placement()?.scale ?? 1);
      if (!stage.isShowing(header)) return;
      mark("kidray:radiograph-drawn", stage.canvas, "radiograph");
      if (complete) mark("kidray:overlay-drawn", stage.canvas, "ready");
    };
    stage.ask();
  }, [stage, complete, header]);

  useShortcuts(stage ? stageShortcuts(stage, () => dragRange(shown)) : {});
  const tool = useViewport((state) => state.tool);
  return (
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
  );
}

const dragRange = ({ header }: Shown): number => Math.max(1, header.maximum - header.minimum);

function mark(name: string, canvas: HTMLCanvasElement, state: "radiograph" | "ready"): void {
  if (canvas.dataset.state === "ready" || canvas.dataset.state === state) return;
  canvas.dataset.state = state;
  performance.mark(name);
}
