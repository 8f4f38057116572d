/** The outline of a probability map above a threshold. */

import { contours } from "d3-contour";
import type { ProbabilityMap } from "../../../lib/model";
import type { Cut } from "../../../lib/thresholdStore";

const STEPS = 255; // of a map's values: this is probability 1

const found = new WeakMap<Cut, string>();

/** Return the isoline of a cut; found once, however often it is drawn. */
export function outlineOf(cut: Cut): string {
  const path = found.get(cut) ?? isoline(cut.map, cut.values, cut.threshold);
  found.set(cut, path);
  return path;
}

/**
 * Return the outlines of what lies above `threshold` as an SVG path in the map's pixels, whose centres are at
 * halves: between centres the map is taken as linear, beyond the outermost as constant, as the model's own
 * outline is found. Empty where nothing lies above.
 */
export function isoline(map: ProbabilityMap, values: Uint8Array, threshold: number): string {
  const { coordinates } = contours()
    .size([map.columns, map.rows])
    .contour(values as unknown as number[], threshold * STEPS); // any array of numbers will do
  let path = "";
  for (const polygon of coordinates) {
    for (const ring of polygon) {
      path += "M";
      for (let i = 0; i + 1 < ring.length; i++) {
        const [x, y] = ring[i] as [number, number];
        path += `${Math.round(x * 100) / 100},${Math.round(y * 100) / 100} `;
      }
      path += "Z";
    }
  }
  return path;
}
