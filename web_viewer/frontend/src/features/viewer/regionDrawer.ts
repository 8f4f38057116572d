/** Dragging a rectangle whose values the window shall show. */

import type { RadiographHeader } from "../../lib/model";
import { useDrawing } from "./drawingStore";
import type { Point } from "./geometry";
import type { Drawer } from "./gestures";
import { rectangleBetween, windowOfRegion } from "./regionWindow";
import { useViewport } from "./viewportStore";

export function regionDrawer(pixels: Uint16Array, header: RadiographHeader): Drawer {
  const setRegion = (region: readonly [Point, Point] | null) => useDrawing.getState().set({ region });
  let from: Point | null = null;
  return {
    begin: (at) => {
      from = at;
    },
    extend: (at) => {
      if (from) setRegion([from, at]);
    },
    end: (at) => {
      setRegion(null);
      if (!from) return;
      const area = rectangleBetween(from, at, { width: header.columns, height: header.rows });
      const window = windowOfRegion(pixels, header, area);
      if (!window) return;
      const view = useViewport.getState();
      view.setWindow(window);
      view.setTool("window"); // one region is what was wanted; the next drag fine-tunes it
    },
    cancel: () => setRegion(null),
  };
}
