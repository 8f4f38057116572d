// @vitest-environment jsdom
import { beforeEach, expect, it, vi } from "vitest";
import type { KeptEdit } from "./keptEdit";

const UID = "1.2.3";
const PREFIX = "kidray.unsaved.edit.kim.1.2.3";

const words = (impression: string) => ({ base: {}, texts: { impression } }) as unknown as KeptEdit;

/** A page of its own, in a tab that is new or was there before. */
async function openPage(tab: "new" | "same" = "new") {
  if (tab === "new") sessionStorage.clear();
  vi.resetModules();
  return import("./keptEdit");
}

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

it("keeps the words of two tabs apart", async () => {
  const one = await openPage();
  one.keepEdit("kim", UID, words("One says this."));
  const other = await openPage();
  other.keepEdit("kim", UID, words("The other says that."));
  const held = Object.keys(localStorage).map((key) => localStorage.getItem(key));
  expect(held.join()).toContain("One says this.");
  expect(held.join()).toContain("The other says that.");
  other.keepEdit("kim", UID, null); // saved
  expect(Object.keys(localStorage)).toHaveLength(1);
  expect((await openPage()).takeEdit("kim", UID)).toEqual(words("One says this."));
});

it("takes over what was kept last, once", async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  (await openPage()).keepEdit("kim", UID, words("older"));
  vi.setSystemTime(2_000_000);
  (await openPage()).keepEdit("kim", UID, words("newer"));
  vi.useRealTimers();
  localStorage.setItem("kidray.unsaved.edit.kim.1.2.3.4/x", JSON.stringify({ at: Date.now(), words: 1 }));
  vi.setSystemTime(3_000_000);
  const third = await openPage();
  expect(third.takeEdit("kim", UID)).toEqual(words("newer"));
  expect(third.takeEdit("kim", UID)).toEqual(words("newer"));
  expect((await openPage()).takeEdit("lee", UID)).toBeNull();
  third.keepEdit("kim", UID, null);
  expect((await openPage()).takeEdit("kim", UID)).toEqual(words("older"));
  vi.useRealTimers();
});

it("finds its own words again when it is loaded anew, whatever another tab has kept since", async () => {
  (await openPage("same")).keepEdit("kim", UID, words("mine"));
  const [tab] = [sessionStorage.getItem("kidray.page") ?? ""];
  (await openPage()).keepEdit("kim", UID, words("theirs"));
  sessionStorage.setItem("kidray.page", tab);
  expect((await openPage("same")).takeEdit("kim", UID)).toEqual(words("mine"));
});

it("keeps again what it shows when another tab has taken it over, and nothing else", async () => {
  const one = await openPage();
  one.keepEdit("kim", UID, words("still here"));
  const [key] = Object.keys(localStorage) as [string];
  const taken = () => {
    localStorage.removeItem(key);
    window.dispatchEvent(new StorageEvent("storage", { key, newValue: null }));
  };
  taken();
  expect(localStorage.getItem(key)).toContain("still here");
  one.letGo("edit"); // the page shows another study now
  taken();
  expect(localStorage.getItem(key)).toBeNull();
});

it("finds words that were kept before each page had its own", async () => {
  localStorage.setItem(PREFIX, JSON.stringify({ at: Date.now(), words: words("before the update") }));
  expect((await openPage()).takeEdit("kim", UID)).toEqual(words("before the update"));
  expect(localStorage.getItem(PREFIX)).toBeNull();
});
