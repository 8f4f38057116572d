/** The radiograph by keyboard. */

import type { AnnotationKind } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import type { Shortcuts } from "../../lib/shortcuts";
import { type Point, panned } from "./geometry";
import { zoom } from "./gestures";
import { draggedWindow } from "./grayscale";
import { useMeasuring } from "./measurement/measurementStore";
import type { Stage } from "./stage";
import { useViewport } from "./viewportStore";

const PAN_STEP = 0.06; // of the canvas
const WINDOW_STEP = 0.02; // of the range
const ZOOM_STEP = 1.25;
const OPACITY_STEP = 0.1;

/** Put one image pixel on one device pixel, the middle staying where it is. */
export function showActualSize(stage: Stage): void {
  const placement = stage.placement();
  if (placement) stage.place({ ...placement, scale: 1 });
}

const middle = ({ canvas }: Stage): Point => ({ x: canvas.width / 2, y: canvas.height / 2 });

export function stageShortcuts(stage: Stage, range: () => number): Shortcuts {
  const view = useViewport.getState;
  const arrow = (x: number, y: number) => (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement) return; // a slider has its own arrows
    event.preventDefault();
    const placement = stage.placement();
    const window = stage.window();
    if (!placement || !window) return;
    if (event.shiftKey) view().setWindow(draggedWindow(window, x * WINDOW_STEP, y * WINDOW_STEP, range()));
    else {
      const { width, height } = stage.canvas;
      stage.place(panned(placement, stage.canvas, -x * PAN_STEP * width, -y * PAN_STEP * height));
    }
  };
  const measure = (kind: AnnotationKind) => () => {
    if (!useMeasuring.getState().locked) view().setTool(kind);
  };
  const fade = (by: number) => () =>
    useOverlay.getState().setOpacity(useOverlay.getState().opacity + by * OPACITY_STEP);
  return {
    w: () => view().setTool("window"),
    p: () => view().setTool("pan"),
    z: () => view().setTool("zoom"),
    g: () => view().setTool("region"),
    d: measure("length"),
    v: measure("angle"),
    q: measure("rectangle"),
    c: measure("ellipse"),
    y: measure("arrow"),
    u: measure("text"),
    Delete: () => {
      const { selected, locked, remove } = useMeasuring.getState();
      if (selected && !locked) remove(selected);
    },
    i: () => view().toggleNegative(),
    t: () => view().turn(),
    x: () => view().flip(),
    f: () => view().place(null),
    r: () => view().reset(),
    a: () => showActualSize(stage),
    o: () => useOverlay.getState().toggleAll(),
    "[": fade(-1),
    "]": fade(1),
    "+": () => zoom(stage, middle(stage), ZOOM_STEP),
    "=": () => zoom(stage, middle(stage), ZOOM_STEP),
    "-": () => zoom(stage, middle(stage), 1 / ZOOM_STEP),
    ArrowLeft: arrow(-1, 0),
    ArrowRight: arrow(1, 0),
    ArrowUp: arrow(0, -1),
    ArrowDown: arrow(0, 1),
  };
}
