/** What a measuring tool does with a press on the radiograph. */

import type { Annotation, AnnotationKind } from "../../../lib/model";
import type { Point, Size } from "../geometry";
import type { Drawer } from "../gestures";
import { useViewport } from "../viewportStore";
import { useMeasuring } from "./measurementStore";

const LEAST = 2; // image pixels: a shorter drag was a click

type Spot = [number, number];

/** Draw by dragging; an angle's third point by a second press. `newText` is what a text says at first. */
export function measurementDrawer(kind: AnnotationKind, image: Size, newText: string): Drawer {
  const store = useMeasuring.getState;
  const within = ({ x, y }: Point): Spot => [
    Math.min(image.width, Math.max(0, x)),
    Math.min(image.height, Math.max(0, y)),
  ];
  const fresh = (points: Spot[]): Annotation => ({
    id: crypto.randomUUID(),
    kind,
    points,
    text: kind === "text" ? newText : "",
  });
  const done = (item: Annotation) => {
    store().add(item);
    useViewport.getState().setTool("window");
  };
  const waiting = () => {
    const { draft } = store();
    return kind === "angle" && draft?.kind === "angle" && draft.points.length === 3 ? draft : null;
  };
  const extended = (draft: Annotation, at: Point): Annotation => ({
    ...draft,
    points: [...draft.points.slice(0, -1), within(at)],
  });
  let third = false;
  return {
    begin: (at) => {
      const leg = waiting();
      third = leg !== null;
      store().draw(
        leg ? extended(leg, at) : fresh(kind === "text" ? [within(at)] : [within(at), within(at)]),
      );
    },
    extend: (at) => {
      const { draft } = store();
      if (draft && kind !== "text") store().draw(extended(draft, at));
    },
    end: (at) => {
      const { draft } = store();
      if (!draft) return;
      if (kind === "text") return done(draft);
      const drawn = extended(draft, at);
      const [from, to] = drawn.points.slice(-2) as [Spot, Spot];
      if (Math.hypot(to[0] - from[0], to[1] - from[1]) < LEAST) return store().draw(third ? draft : null);
      // The first leg of an angle ends at its vertex; the third point follows the pointer from there.
      if (kind === "angle" && !third) store().draw({ ...drawn, points: [...drawn.points, to] });
      else done(drawn);
    },
    cancel: () => store().draw(null),
  };
}
