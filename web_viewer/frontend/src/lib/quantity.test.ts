import { expect, it } from "vitest";
import { agoText, areaText, percentText, secondsText } from "./quantity";

it("states an area as the report does, and in pixels where the spacing is unknown", () => {
  expect(areaText({ area_mm2: null, area_px: 31_200 })).toBe("31,200 px");
  expect(areaText({ area_mm2: 611.5, area_px: 31_200 })).toBe("6.1 cm²");
  expect(areaText({ area_mm2: 9.9, area_px: 31 })).toBe("<0.1 cm²");
  expect(areaText({ area_mm2: 2352, area_px: 31_200 })).toBe("23.5 cm²");
  expect(areaText({ area_mm2: 0, area_px: 0 })).toBe("");
});

it("never claims certainty in a per cent", () => {
  expect([percentText(0.0004), percentText(0.943), percentText(0.9996)]).toEqual(["<1 %", "94 %", ">99 %"]);
});

it("rounds seconds as they grow", () => {
  expect([secondsText(3.24), secondsText(12.6)]).toEqual(["3.2 s", "13 s"]);
});

it("tells how long ago in the largest whole unit", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  expect(agoText("2026-01-01T11:55:30Z", now, "en")).toBe("4 min. ago");
  expect(agoText("2026-01-01T09:00:00Z", now, "en")).toBe("3 hr. ago");
});
