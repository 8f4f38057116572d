import { expect, it } from "vitest";
import type { WorklistItem } from "../../lib/model";
import { onOtherPages, PAGE, pagesOf, placed } from "./rows";

const items = (...uids: string[]) => uids.map((study_uid) => ({ study_uid }) as WorklistItem);
const uids = (rows: readonly (WorklistItem | undefined)[]) => rows.map((row) => row?.study_uid);

it("asks for the first page and for those near the screen, ahead of it too, and for no other", () => {
  expect(pagesOf(0, 30)).toEqual([0]);
  expect(pagesOf(PAGE - 5, PAGE + 20)).toEqual([0, 1]);
  expect(pagesOf(9_060, 9_090)).toEqual([0, 44, 45]);
  expect(pagesOf(60, 110)).toEqual([0, 1]);
  expect(pagesOf(60, 110, 150)).toEqual([0]);
  expect(pagesOf(-3, -1)).toEqual([0]);
});

it("is not disturbed by rows of the pages that it has asked for", () => {
  expect(onOtherPages([0, 30], [10, 40])).toEqual([0, 30]);
  expect(onOtherPages([0, 30], [190, 220])).toEqual([190, 220]);
});

it("puts what was found in its place and leaves the rest open", () => {
  expect(
    uids(
      placed(
        5,
        [
          [0, items("a", "b")],
          [3, items("d")],
        ],
        null,
      ),
    ),
  ).toEqual(["a", "b", undefined, "d", undefined]);
});

it("shows a study that moved in its new place only", () => {
  const before = placed(
    4,
    [
      [0, items("a", "b")],
      [2, items("c", "d")],
    ],
    null,
  );
  expect(uids(placed(4, [[0, items("d", "a")]], before))).toEqual(["d", "a", "c", undefined]);
});

it("forgets what the list has become too short for", () => {
  const before = placed(3, [[0, items("a", "b", "c")]], null);
  expect(uids(placed(1, [[0, items("a")]], before))).toEqual(["a"]);
});
