import { describe, expect, it } from "vitest";
import type { Finding, FindingDefinition, ProbabilityMap, RadiographHeader } from "../../lib/model";
import type { Cut } from "../../lib/thresholdStore";
import { findingAt, isAbove } from "./picking";
import type { Shown } from "./stage";

const TABLE = [
  { label: "pneumoperitoneum", segment_number: 1, color: [213, 94, 0] },
  { label: "constipation", segment_number: 2, color: [0, 114, 178] },
] as unknown as FindingDefinition[];
const finding = (label: string, presence = "present") =>
  ({ id: `${label}@1`, label, presence }) as unknown as Finding;
const GAS = finding("pneumoperitoneum");
const STOOL = finding("constipation");

/** 8 x 8 pixels: gas on the left half, stool in the lower half. */
const shown: Shown = {
  header: { rows: 8, columns: 8 } as RadiographHeader,
  mask: Uint8Array.from({ length: 64 }, (_, at) => (at % 8 < 4 ? 1 : 0) | (at >= 32 ? 2 : 0)),
  findings: [GAS, STOOL],
  table: TABLE,
};
const choice = { opacity: 0.8, hidden: new Set<string>(), allHidden: false, selected: null };
const uncut = () => null;
const map = { rows: 4, columns: 4, row_scale: 2, column_scale: 2 } as ProbabilityMap;
/** Rises from left to right: 0, 80, 160, 240. */
const values = Uint8Array.from({ length: 16 }, (_, at) => (at % 4) * 80);
const cut: Cut = { map, values, threshold: 0.5, beside: null };

describe("what a reader points at", () => {
  it("is the finding whose mask is drawn there", () => {
    expect(findingAt({ x: 1, y: 1 }, shown, choice, uncut)).toBe(GAS);
    expect(findingAt({ x: 6, y: 6 }, shown, choice, uncut)).toBe(STOOL);
    expect(findingAt({ x: 6, y: 1 }, shown, choice, uncut)).toBeNull();
  });

  it("is nothing that is hidden, or was not seen", () => {
    const hidden = { ...choice, hidden: new Set(["pneumoperitoneum"]) };
    expect(findingAt({ x: 1, y: 1 }, shown, hidden, uncut)).toBeNull();
    expect(findingAt({ x: 1, y: 6 }, shown, hidden, uncut)).toBe(STOOL);
    expect(findingAt({ x: 1, y: 6 }, shown, { ...choice, allHidden: true }, uncut)).toBeNull();
    const absent = { ...shown, findings: [finding("pneumoperitoneum", "absent"), STOOL] };
    expect(findingAt({ x: 1, y: 1 }, absent, choice, uncut)).toBeNull();
  });

  it("is the cut where one is drawn, and not the mask that it stands for", () => {
    const cutOf = (id: string) => (id === GAS.id ? cut : null);
    expect(findingAt({ x: 1, y: 1 }, shown, choice, cutOf)).toBeNull(); // in the mask, outside the cut
    expect(findingAt({ x: 7, y: 1 }, shown, choice, cutOf)).toBe(GAS); // in the cut, outside the mask
    const absent = { ...shown, findings: [finding("pneumoperitoneum", "absent"), STOOL] };
    expect(findingAt({ x: 7, y: 1 }, absent, choice, cutOf)?.label).toBe("pneumoperitoneum");
  });
});

it("a cut ends where its map has the threshold, between the centres of the map's pixels", () => {
  const edge = 2 * (0.5 + (0.5 * 255) / 80); // 127.5 lies between 80 and 160
  expect(isAbove(cut, { x: edge - 0.05, y: 4 })).toBe(false);
  expect(isAbove(cut, { x: edge + 0.05, y: 4 })).toBe(true);
  expect(isAbove({ ...cut, threshold: 0.95 }, { x: 7.99, y: 7.99 })).toBe(false); // 240 up to the edge, no more
  expect(isAbove({ ...cut, threshold: 0.94 }, { x: 7.99, y: 0 })).toBe(true);
});
