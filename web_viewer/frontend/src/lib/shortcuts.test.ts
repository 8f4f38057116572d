// @vitest-environment jsdom
import { expect, it } from "vitest";
import { isTyping, keyName } from "./shortcuts";

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
