import { useEffect, useRef } from "react";
import { CanvasRenderer } from "./canvasRenderer";
import type { Point } from "./geometry";
import type { Scene } from "./renderer";
import type { Stage } from "./stage";
import style from "./viewer.module.css";

const SIDE = 240; // CSS pixels
const TIMES = 2.5; // larger than the image around it, and at least one image pixel per device pixel

interface MagnifierProps {
  stage: Stage;
  mask: Uint8Array | null;
  at: Point; // of the canvas, device pixels
}

/** A round glass under the pointer, with a renderer of its own. */
export function Magnifier({ stage, mask, at }: MagnifierProps) {
  const glass = useRef<HTMLCanvasElement>(null);
  const renderer = useRef<CanvasRenderer | null>(null);
  const scene = useRef<Scene | null>(null);
  const latest = useRef(at);
  latest.current = at;

  useEffect(() => {
    const canvas = glass.current;
    if (!canvas || !stage.pyramid) return;
    const made = new CanvasRenderer(canvas);
    made.setRadiograph(stage.pyramid);
    made.setOverlay(mask);
    renderer.current = made;
    const stop = stage.watch((drawn) => {
      scene.current = drawn;
      magnify(made, stage, drawn, latest.current);
    });
    stage.ask();
    return () => {
      stop();
      made.dispose();
      renderer.current = null;
    };
  }, [stage, mask]);

  useEffect(() => {
    if (renderer.current && scene.current) magnify(renderer.current, stage, scene.current, at);
  }, [stage, at]);

  const ratio = devicePixelRatio;
  return (
    <canvas
      ref={glass}
      className={style.magnifier}
      width={Math.round(SIDE * ratio)}
      height={Math.round(SIDE * ratio)}
      style={{ left: at.x / ratio, top: at.y / ratio, width: SIDE, height: SIDE }}
      data-testid="magnifier"
      aria-hidden
    />
  );
}

function magnify(renderer: CanvasRenderer, stage: Stage, scene: Scene, at: Point): void {
  const center = stage.imageAt(at);
  if (!center) return;
  const scale = Math.max(1, scene.placement.scale * TIMES);
  renderer.draw({ ...scene, placement: { ...scene.placement, scale, center } });
}
