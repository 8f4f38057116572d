/** What brush, eraser and polygon do with a press on the radiograph. */

import { useDrawing } from "../drawingStore";
import { applied, type Point } from "../geometry";
import type { Drawer } from "../gestures";
import type { Stage } from "../stage";
import type { CorrectionTool } from "../viewportStore";
import type { EditableMask } from "./editableMask";

const NEAR = 10; // CSS pixels: a press this near to the first corner closes the polygon
const APART = 3; // CSS pixels between the corners of a line that is drawn by hand

export interface Edited {
  mask: EditableMask;
  changed: () => void;
}

export function correctionDrawer(tool: CorrectionTool, stage: Stage, edited: Edited): Drawer {
  return tool === "polygon" ? polygonDrawer(stage, edited) : strokeDrawer(tool === "brush", edited);
}

function strokeDrawer(inside: boolean, { mask, changed }: Edited): Drawer {
  const { radius, set } = useDrawing.getState();
  let points: readonly Point[] = [];
  const show = (at: Point) => {
    points = [...points, at];
    set({ stroke: { points, radius, inside } });
  };
  return {
    begin: show,
    extend: show,
    end: () => {
      set({ stroke: null });
      mask.stroke(points, radius, inside);
      changed();
    },
    cancel: () => set({ stroke: null }),
  };
}

function polygonDrawer(stage: Stage, edited: Edited): Drawer {
  const { set } = useDrawing.getState();
  const corners = () => useDrawing.getState().polygon;
  const apart = (one: Point | undefined, other: Point) => {
    const matrix = stage.matrix();
    if (!one || !matrix) return Number.POSITIVE_INFINITY;
    const a = applied(matrix, one);
    const b = applied(matrix, other);
    return Math.hypot(a.x - b.x, a.y - b.y) / devicePixelRatio;
  };
  let closing = false;
  return {
    begin: (at) => {
      closing = corners().length > 2 && apart(corners()[0], at) < NEAR;
      if (!closing) set({ polygon: [...corners(), at] });
    },
    extend: (at) => {
      if (!closing && apart(corners().at(-1), at) > APART) set({ polygon: [...corners(), at] });
    },
    end: (at) => {
      const byHand = corners().length > 12 && apart(corners()[0], at) < NEAR;
      if (closing || byHand) closePolygon(edited);
    },
    cancel: () => set({ polygon: [] }),
  };
}

/** Fill the polygon that is being drawn; one of fewer than three corners is dropped. */
export function closePolygon({ mask, changed }: Edited): void {
  const { polygon, set } = useDrawing.getState();
  set({ polygon: [] });
  if (polygon.length < 3) return;
  mask.polygon(polygon, true);
  changed();
}
