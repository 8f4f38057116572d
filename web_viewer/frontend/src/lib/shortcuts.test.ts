// @vitest-environment jsdom
import { cleanup, fireEvent, renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { isTyping, keyName, useShortcuts } from "./shortcuts";

afterEach(cleanup);

const key = (name: string, held: Partial<KeyboardEvent> = {}) =>
  keyName({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...held });

it("names keys whatever the case and the platform", () => {
  expect([key("H"), key("?"), key("Escape")]).toEqual(["h", "?", "Escape"]);
  expect([key("s", { ctrlKey: true }), key("S", { metaKey: true })]).toEqual(["mod+s", "mod+s"]);
});

it("knows when someone is typing, and that a slider is no typing", () => {
  document.body.innerHTML = '<textarea></textarea><input type="range"><input type="search"><button></button>';
  const typing = [...document.body.children].map(isTyping);
  expect(typing).toEqual([true, false, true, false]);
});

it("leaves its arrows to a slider, and Escape to an open popover", () => {
  document.body.innerHTML = '<input type="range"><button></button>';
  const [slider, button] = [...document.body.children] as [Element, Element];
  const [pan, leave] = [vi.fn(), vi.fn()];
  renderHook(() => useShortcuts({ ArrowLeft: pan, Escape: leave }));
  fireEvent.keyDown(slider, { key: "ArrowLeft" });
  expect(pan).not.toHaveBeenCalled();
  fireEvent.keyDown(button, { key: "ArrowLeft" });
  expect(pan).toHaveBeenCalledOnce();
  const find = vi.spyOn(document, "querySelector"); // jsdom opens no popovers
  find.mockImplementation((wanted) => (wanted === ":popover-open" ? button : null));
  fireEvent.keyDown(button, { key: "Escape" });
  expect(leave).not.toHaveBeenCalled();
  find.mockRestore();
  fireEvent.keyDown(button, { key: "Escape" });
  expect(leave).toHaveBeenCalledOnce();
});
