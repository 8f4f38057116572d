import { expect, it } from "vitest";
import { isWaiting, localMinute, waitedText, waitingFirst, withZone } from "./alerts";
import type { StudyAlert, StudyState } from "./model";

const alert = (state: StudyAlert["state"], since = "2026-01-01T08:00:00Z") =>
  ({ state, since, level: 0, raised: 1 }) as StudyAlert;

const study = (changes: { alert?: StudyAlert | null; critical?: boolean; state?: StudyState }) => ({
  alert: null,
  critical: true,
  state: "drafted" as StudyState,
  received_at: "2026-01-01T07:00:00Z",
  ...changes,
});

it("lets an open alert wait, signed or not, and an acknowledged or withdrawn one rest", () => {
  expect(isWaiting(study({ alert: alert("open") }))).toBe(true);
  expect(isWaiting(study({ alert: alert("open"), state: "signed" }))).toBe(true);
  expect(isWaiting(study({ alert: alert("acknowledged") }))).toBe(false);
  expect(isWaiting(study({ alert: alert("withdrawn") }))).toBe(false);
});

it("lets a critical draft that is older than alerts are wait until it is signed", () => {
  expect(isWaiting(study({}))).toBe(true);
  expect(isWaiting(study({ state: "signed" }))).toBe(false);
  expect(isWaiting(study({ critical: false }))).toBe(false);
});

it("puts the one that waits longest first", () => {
  const late = study({ alert: alert("open", "2026-01-01T09:00:00Z") });
  const early = study({ alert: alert("open", "2026-01-01T08:30:00Z") });
  expect(waitingFirst([late, study({ alert: alert("withdrawn") }), early])).toEqual([early, late]);
});

it("says how long something waited", () => {
  const now = Date.parse("2026-01-01T12:05:30Z");
  expect(waitedText("2026-01-01T12:05:00Z", now, "en")).toBe("< 1 min");
  expect(waitedText("2026-01-01T11:53:00Z", now, "en")).toBe("12 min");
  expect(waitedText("2026-01-01T09:00:00Z", now, "en")).toBe("3 hr 5 min");
  expect(waitedText("2026-01-01T10:05:00Z", now, "en")).toBe("2 hr");
  expect(waitedText("2026-01-01T11:53:00Z", now, "ko")).toBe("12분");
});

it("gives a typed time the offset that it has here, and back", () => {
  const typed = "2026-03-01T09:30";
  expect(withZone(typed)).toMatch(/^2026-03-01T09:30:00[+-]\d\d:\d\d$/);
  expect(Date.parse(withZone(typed))).toBe(new Date(typed).getTime());
  expect(localMinute(Date.parse(withZone(typed)))).toBe(typed);
});
