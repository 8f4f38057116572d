// @vitest-environment jsdom

import { afterEach, beforeEach, expect, it, vi } from "vitest";

async function openedAt(path: string) {
  window.history.replaceState(null, "", path);
  vi.resetModules();
  return import("./firstImage");
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("holds nothing up on a page that was opened for no image", async () => {
  const { useFirstImage } = await openedAt("/");
  expect(useFirstImage.getState().shown).toBe(true);
});

it("holds the rest of the page up until the image is not only drawn but on the screen", async () => {
  const { noteFirstImage, useFirstImage } = await openedAt("/viewer?StudyInstanceUID=1.2.3");
  expect(useFirstImage.getState().shown).toBe(false);
  noteFirstImage();
  expect(useFirstImage.getState().shown).toBe(false);
  vi.advanceTimersByTime(50); // the next frame
  expect(useFirstImage.getState().shown).toBe(true);
});

it("goes on without an image that does not come", async () => {
  const { useFirstImage } = await openedAt("/viewer?StudyInstanceUID=1.2.3");
  vi.advanceTimersByTime(1_400);
  expect(useFirstImage.getState().shown).toBe(false);
  vi.advanceTimersByTime(200);
  expect(useFirstImage.getState().shown).toBe(true);
});
