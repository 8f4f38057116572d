import { expect, it } from "vitest";
import type { StudyState } from "../../lib/model";
import { readingOrder } from "./order";
import { strongestByLabel } from "./strongest";

const study = (name: string, critical: boolean, state: StudyState, received_at: string) => ({
  name,
  critical,
  alert: null,
  state,
  received_at,
});

it("puts critical unsigned studies first, then the newest", () => {
  const studies = [
    study("old", false, "drafted", "2026-01-01T08:00:00Z"),
    study("signed critical", true, "signed", "2026-01-01T11:00:00Z"),
    study("early critical", true, "drafted", "2026-01-01T07:00:00Z"),
    study("new", false, "queued", "2026-01-01T12:00:00+00:00"),
    study("late critical", true, "segmented", "2026-01-01T09:00:00Z"),
  ];
  expect(readingOrder(studies).map((each) => each.name)).toEqual([
    "late critical",
    "early critical",
    "new",
    "signed critical",
    "old",
  ]);
});

it("names each finding once, where it is likeliest, and no absent one", () => {
  const base = { certainty: "high", region: null, area_mm2: null, area_px: 0, count: 1 } as const;
  const seen = strongestByLabel([
    { ...base, id: "gas@1", label: "pneumoperitoneum", presence: "present", probability: 0.6 },
    { ...base, id: "gas@2", label: "pneumoperitoneum", presence: "present", probability: 0.9 },
    { ...base, id: "stool@1", label: "constipation", presence: "absent", probability: 0.1 },
    { ...base, id: "level@1", label: "air_fluid_levels", presence: "indeterminate", probability: 0.95 },
  ]);
  expect(seen.map((finding) => finding.id)).toEqual(["gas@2", "level@1"]);
});
