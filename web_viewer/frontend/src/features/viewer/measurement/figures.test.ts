import { describe, expect, it } from "vitest";
import type { Annotation, RadiographHeader } from "../../../lib/model";
import { angleOf, lengthOf, linesOf, statisticsOf } from "./figures";

const mm = { measuring_spacing_mm: [0.2, 0.1] as [number, number], measuring_plane: "detector" as const };
const none = { measuring_spacing_mm: null, measuring_plane: null };
const draw = (kind: Annotation["kind"], ...points: [number, number][]): Annotation => ({
  id: "1",
  kind,
  points,
  text: "",
});
const values = { rows: 10, columns: 10, slope: 2, offset: -50 };
const pixels = new Uint16Array(100).map((_, at) => at);
const header = { ...values, ...mm, shows_modality_values: true } as unknown as RadiographHeader;
const words = { atDetector: "at detector", mean: "mean", deviation: "SD" };

describe("a length", () => {
  it("is in mm by the pixels' height and width", () => {
    expect(lengthOf(draw("length", [0, 0], [30, 20]), mm)).toBeCloseTo(5, 9); // 3 across, 4 down
    expect(lengthOf(draw("length", [0, 0], [3, 4]), none)).toBe(5);
  });

  it("says what its millimetres rest on, and px where nothing is known", () => {
    const line = draw("length", [0, 0], [30, 20]);
    expect(linesOf(line, header, pixels, words)).toEqual(["5.0 mm at detector"]);
    expect(linesOf(line, { ...header, measuring_plane: "patient" }, pixels, words)).toEqual(["5.0 mm"]);
    expect(linesOf(line, { ...header, ...none }, pixels, words)).toEqual(["36.1 px"]);
  });
});

it("measures an angle at its second point, whichever way round", () => {
  expect(angleOf(draw("angle", [10, 0], [0, 0], [0, 10]), none)).toBeCloseTo(90, 9);
  expect(angleOf(draw("angle", [-10, 1], [0, 0], [-10, -1]), none)).toBeCloseTo(11.42, 2);
  expect(angleOf(draw("angle", [20, 0], [0, 0], [10, 5]), mm)).toBeCloseTo(45, 9);
});

it("says nothing of an angle whose first leg is being drawn", () => {
  expect(linesOf(draw("angle", [0, 0], [9, 9]), header, pixels, words)).toEqual([]);
});

describe("a region", () => {
  it("states the values whose pixels lie inside, in modality values", () => {
    const found = statisticsOf(draw("rectangle", [4, 3], [2, 2]), pixels, values, mm);
    expect(found).toEqual({ mean: -5, deviation: 1, smallest: -6, largest: -4, area: 2 * 0.1 * 1 * 0.2 });
  });

  it("of an ellipse leaves the corners out", () => {
    const box = statisticsOf(draw("rectangle", [0, 0], [10, 10]), pixels, values, none);
    const round = statisticsOf(draw("ellipse", [0, 0], [10, 10]), pixels, values, none);
    expect([box?.smallest, round?.smallest]).toEqual([-50, -44]);
    expect(round?.area).toBeCloseTo(78.54, 2);
  });

  it("is nothing beyond the image, or smaller than a pixel's middle", () => {
    expect(statisticsOf(draw("rectangle", [20, 20], [30, 30]), pixels, values, none)).toBeNull();
    expect(statisticsOf(draw("rectangle", [2.6, 2.6], [3.2, 3.2]), pixels, values, none)).toBeNull();
  });
});
