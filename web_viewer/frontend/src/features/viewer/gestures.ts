/** Mouse, pen and touch on the radiograph. */

import { type Point, panned, zoomedAt } from "./geometry";
import { draggedWindow } from "./grayscale";
import type { Stage } from "./stage";
import { type Tool, useViewport } from "./viewportStore";

const CLICK_SLACK = 4; // device pixels within which a press is a click, not a drag
const DRAG_ZOOM = 0.006; // per device pixel
const WHEEL_ZOOM = 0.0014; // per wheel pixel
const LINE = 16; // wheel pixels

/** What a tool that draws on the radiograph does with a press; all points are image points, outside it too. */
export interface Drawer {
  begin: (at: Point) => void;
  extend: (at: Point) => void;
  end: (at: Point) => void;
  cancel: () => void;
}

export interface GestureAnswers {
  drawer: (tool: Tool) => Drawer | null; // null: a tool that moves the view
  pick: (at: Point) => void;
  hover: (at: Point | null) => void;
  range: () => number; // modality values that a drag over the whole canvas covers
}

/** Listen on the stage's canvas until the returned function is called. */
export function followPointers(stage: Stage, answers: GestureAnswers): () => void {
  const { canvas } = stage;
  const pointers = new Map<number, Point>();
  let tool: Tool = "window";
  let drawer: Drawer | null = null; // while it draws
  let travelled = 0;
  let anchor: Point = { x: 0, y: 0 };

  const at = (event: MouseEvent): Point => {
    const box = canvas.getBoundingClientRect();
    const ratio = canvas.width / box.width;
    return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio };
  };

  const down = (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    if (pointers.size > 1) {
      drawer?.cancel();
      drawer = null;
      return;
    }
    tool = toolOf(event);
    travelled = 0;
    anchor = at(event);
    drawer = answers.drawer(tool);
    const point = stage.imageAt(anchor);
    if (point) drawer?.begin(point);
  };

  const move = (event: PointerEvent) => {
    const now = at(event);
    const before = pointers.get(event.pointerId);
    answers.hover(now);
    if (!before) return;
    pointers.set(event.pointerId, now);
    if (pointers.size === 2) {
      pinch(stage, otherThan(pointers, event.pointerId), before, now);
      travelled = Number.POSITIVE_INFINITY;
      return;
    }
    const point = stage.imageAt(now);
    if (drawer) {
      if (point) drawer.extend(point);
      return;
    }
    const dx = now.x - before.x;
    const dy = now.y - before.y;
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled > CLICK_SLACK) drag(stage, tool, dx, dy, anchor, answers.range());
  };

  const up = (event: PointerEvent) => {
    const was = pointers.delete(event.pointerId);
    if (drawer && was) {
      const point = event.type === "pointerup" ? stage.imageAt(at(event)) : null;
      if (point) drawer.end(point);
      else drawer.cancel();
      drawer = null;
      return;
    }
    if (was && event.type === "pointerup" && event.button === 0 && travelled <= CLICK_SLACK) {
      answers.pick(at(event));
    }
  };

  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE : event.deltaY;
    zoom(stage, at(event), Math.exp(-pixels * WHEEL_ZOOM));
  };

  const leave = () => answers.hover(null);
  const noMenu = (event: Event) => event.preventDefault(); // the right button zooms
  const fit = () => {
    const { tool } = useViewport.getState();
    if (!answers.drawer(tool)) useViewport.getState().place(null);
  };

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("contextmenu", noMenu);
  canvas.addEventListener("dblclick", fit);
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    canvas.removeEventListener("pointercancel", up);
    canvas.removeEventListener("pointerleave", leave);
    canvas.removeEventListener("wheel", wheel);
    canvas.removeEventListener("contextmenu", noMenu);
    canvas.removeEventListener("dblclick", fit);
  };
}

/** Left button: the chosen tool; with Shift, or the middle button: pan; right button: zoom. */
function toolOf(event: PointerEvent): Tool {
  if (event.button === 1 || event.shiftKey) return "pan";
  if (event.button === 2) return "zoom";
  return useViewport.getState().tool;
}

function drag(stage: Stage, tool: Tool, dx: number, dy: number, anchor: Point, range: number): void {
  const { setWindow } = useViewport.getState();
  const placement = stage.placement();
  const window = stage.window();
  if (!placement || !window) return;
  if (tool === "window") {
    setWindow(draggedWindow(window, dx / stage.canvas.width, dy / stage.canvas.height, range));
  } else if (tool === "zoom") {
    stage.place(zoomedAt(placement, stage.canvas, anchor, Math.exp(-dy * DRAG_ZOOM)));
  } else {
    stage.place(panned(placement, stage.canvas, dx, dy));
  }
}

export function zoom(stage: Stage, at: Point, factor: number): void {
  const placement = stage.placement();
  if (placement) stage.place(zoomedAt(placement, stage.canvas, at, factor));
}

function otherThan(pointers: Map<number, Point>, id: number): Point | undefined {
  return [...pointers].find(([candidate]) => candidate !== id)?.[1];
}

function pinch(stage: Stage, other: Point | undefined, before: Point, now: Point): void {
  const placement = stage.placement();
  if (!other || !placement) return;
  const was = Math.hypot(before.x - other.x, before.y - other.y);
  const is = Math.hypot(now.x - other.x, now.y - other.y);
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  const moving = panned(placement, stage.canvas, (now.x - before.x) / 2, (now.y - before.y) / 2);
  stage.place(zoomedAt(moving, stage.canvas, middle, is / Math.max(was, 1)));
}
