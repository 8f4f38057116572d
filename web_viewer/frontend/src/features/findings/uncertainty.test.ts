import { expect, test } from "vitest";
import type { Finding } from "../../lib/model";
import { hasUncertainOutline } from "./uncertainty";

const sure = {
  presence: "present",
  probability: 0.96,
  operating_point: 0.6, // so the doubt in its presence is 0.1
  uncertainty: 0.1,
  drawn_by: null,
} as Finding;

test("an outline is called uncertain where the model doubts more than the finding itself", () => {
  expect(hasUncertainOutline(sure)).toBe(false);
  expect(hasUncertainOutline({ ...sure, uncertainty: 0.62 })).toBe(true);
  expect(hasUncertainOutline({ ...sure, uncertainty: 0.4 })).toBe(false); // not enough to matter
  expect(hasUncertainOutline({ ...sure, probability: 0.65, uncertainty: 0.875 })).toBe(false); // its presence
});

test("neither an indeterminate finding nor a reader's own outline has the mark", () => {
  expect(hasUncertainOutline({ ...sure, presence: "indeterminate", uncertainty: 1 })).toBe(false);
  expect(hasUncertainOutline({ ...sure, uncertainty: 0.62, drawn_by: "Kim" })).toBe(false);
  expect(hasUncertainOutline({ ...sure, uncertainty: null })).toBe(false); // made before it was
});
