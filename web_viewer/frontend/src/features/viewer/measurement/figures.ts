/** What an annotation measures, as the service measures it again when it is saved. Pure. */

import type { Annotation, RadiographHeader } from "../../../lib/model";

export type Calibration = Pick<RadiographHeader, "measuring_spacing_mm" | "measuring_plane">;
export type Values = Pick<RadiographHeader, "rows" | "columns" | "slope" | "offset">;

export interface Statistics {
  mean: number;
  deviation: number;
  smallest: number;
  largest: number;
  area: number; // of the drawn shape: mm² where the spacing is known, else pixels
}

const MIDDLE = 0.5;

/** Return a pixel's width and height: in mm where known, else 1. */
function pixel({ measuring_spacing_mm: spacing }: Calibration): readonly [number, number] {
  return spacing ? [spacing[1], spacing[0]] : [1, 1];
}

export function lengthOf({ points }: Annotation, calibration: Calibration): number {
  const [across, down] = pixel(calibration);
  const [from, to] = points as [[number, number], [number, number]];
  return Math.hypot((to[0] - from[0]) * across, (to[1] - from[1]) * down);
}

/** Return the angle at the second point, 0 to 180 degrees. */
export function angleOf({ points }: Annotation, calibration: Calibration): number {
  const [across, down] = pixel(calibration);
  const [one, vertex, other] = points as [[number, number], [number, number], [number, number]];
  const turn = (to: readonly [number, number]) =>
    Math.atan2((to[1] - vertex[1]) * down, (to[0] - vertex[0]) * across);
  const degrees = (Math.abs(turn(one) - turn(other)) * 180) / Math.PI;
  return Math.min(degrees, 360 - degrees);
}

/** Return the statistics of the values whose pixels' middles lie inside; null where there is none. */
export function statisticsOf(
  { kind, points }: Annotation,
  pixels: Uint16Array,
  values: Values,
  calibration: Calibration,
): Statistics | null {
  const [[x1, y1], [x2, y2]] = points as [[number, number], [number, number]];
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  const a = Math.max((right - left) / 2, 1e-9);
  const b = Math.max((bottom - top) / 2, 1e-9);
  const isInside = (x: number, y: number) =>
    kind === "rectangle"
      ? x >= left && x < right && y >= top && y < bottom
      : ((x - (left + right) / 2) / a) ** 2 + ((y - (top + bottom) / 2) / b) ** 2 <= 1;
  let count = 0;
  let sum = 0;
  let squares = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(values.rows, bottom + 1); row++) {
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(values.columns, right + 1); column++) {
      if (!isInside(column + MIDDLE, row + MIDDLE)) continue;
      const value = (pixels[row * values.columns + column] as number) * values.slope + values.offset;
      count += 1;
      sum += value;
      squares += value * value;
      smallest = Math.min(smallest, value);
      largest = Math.max(largest, value);
    }
  }
  if (count === 0) return null;
  const mean = sum / count;
  const [across, down] = pixel(calibration);
  const share = kind === "rectangle" ? 1 : Math.PI / 4;
  return {
    mean,
    deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)),
    smallest,
    largest,
    area: (right - left) * (bottom - top) * share * across * down,
  };
}

export interface Words {
  atDetector: string; // "at detector"
  mean: string;
  deviation: string;
}

/** Return the lines beside an annotation; lengths name what their millimetres rest on, "px" where nothing. */
export function linesOf(
  annotation: Annotation,
  header: RadiographHeader,
  pixels: Uint16Array,
  words: Words,
): string[] {
  const unit = header.measuring_spacing_mm ? "mm" : "px";
  const plane = header.measuring_plane === "detector" ? ` ${words.atDetector}` : "";
  const text = annotation.text ? [annotation.text] : [];
  switch (annotation.kind) {
    case "length":
      return [...text, `${lengthOf(annotation, header).toFixed(1)} ${unit}${plane}`];
    case "angle":
      if (annotation.points.length < 3) return text; // its first leg is being drawn
      return [...text, `${angleOf(annotation, header).toFixed(1)}°`];
    case "rectangle":
    case "ellipse": {
      const found = statisticsOf(annotation, pixels, header, header);
      if (!found) return text;
      const square = header.measuring_spacing_mm ? "mm²" : "px";
      const area = `${found.area.toFixed(0)} ${square}${plane}`;
      if (!header.shows_modality_values) return [...text, area]; // the service states them once saved
      return [
        ...text,
        `${words.mean} ${found.mean.toFixed(1)}, ${words.deviation} ${found.deviation.toFixed(1)}`,
        `${found.smallest.toFixed(0)} – ${found.largest.toFixed(0)}`,
        area,
      ];
    }
    default:
      return text;
  }
}
