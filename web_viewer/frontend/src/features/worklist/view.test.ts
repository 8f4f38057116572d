// @vitest-environment jsdom
import { beforeEach, expect, it } from "vitest";
import { EVERYTHING, isEverything, readViews, sameView, useSavedViews } from "./view";

beforeEach(() => {
  localStorage.clear();
  useSavedViews.setState({ views: [] });
});

it("keeps a view under its name, and a later one of that name instead", () => {
  const { save } = useSavedViews.getState();
  save("NICU", { only: "toRead", delivery: "any", text: " nicu " });
  save("Stuck", { only: "all", delivery: "failed", text: "" });
  save("NICU", { only: "signed", delivery: "any", text: "nicu" });
  expect(useSavedViews.getState().views.map((view) => view.name)).toEqual(["Stuck", "NICU"]);
  const kept = readViews(localStorage.getItem("kidray.views"));
  expect(kept[1]).toEqual({ name: "NICU", only: "signed", delivery: "any", text: "nicu" });
  useSavedViews.getState().forget("Stuck");
  expect(readViews(localStorage.getItem("kidray.views"))).toHaveLength(1);
});

it("reads nothing of what is no view", () => {
  expect(readViews(null)).toEqual([]);
  expect(readViews("{")).toEqual([]);
  expect(readViews('[{"name":"x"},3,null,{"name":"y","only":"all","delivery":"nowhere","text":""}]')).toEqual(
    [],
  );
});

it("knows a view that shows everything, and two that are the same", () => {
  expect(isEverything({ ...EVERYTHING, text: "  " })).toBe(true);
  expect(isEverything({ ...EVERYTHING, delivery: "failed" })).toBe(false);
  expect(sameView({ ...EVERYTHING, text: "a " }, { ...EVERYTHING, text: "a" })).toBe(true);
});
