import { expect, it } from "vitest";
import { BROUGHT } from "./broughtMacros";
import { blankIn, calledAt, faultsOf, ownLine } from "./macros";

const MACROS = [
  { name: "us", text: "Ultrasound is recommended." },
  { name: "비유", text: "유리 가스 없음." },
];

const applied = (text: string, change: ReturnType<typeof calledAt>) =>
  change && text.slice(0, change.start) + change.text + text.slice(change.end);

it("expands a call that stands by itself right before the caret", () => {
  const at = (text: string) => applied(text, calledAt(text, text.length, MACROS));
  expect(at(".us")).toBe("Ultrasound is recommended.");
  expect(at("Free gas.\n.US")).toBe("Free gas.\nUltrasound is recommended.");
  expect(at("Free gas. (.us")).toBe("Free gas. (Ultrasound is recommended.");
  expect(at(".비유")).toBe("유리 가스 없음.");
  for (const text of ["us", "gas.us", ".use", ".", "1.us", ". us"]) expect(at(text)).toBeNull();
});

it("leaves what stands behind the caret where it is", () => {
  expect(applied(".us later", calledAt(".us later", 3, MACROS))).toBe("Ultrasound is recommended. later");
});

it("puts a phrase from the menu on a line of its own, or in place of what is chosen", () => {
  const put = (text: string, from: number, to = from) => applied(text, ownLine(text, from, to, "X."));
  expect(put("", 0)).toBe("X.");
  expect(put("One.\nTwo.", 2)).toBe("One.\nX.\nTwo.");
  expect(put("One.\n\nTwo.", 5)).toBe("One.\nX.\nTwo.");
  expect(put("One.\nTwo.", 9)).toBe("One.\nTwo.\nX.");
  expect(put("One.\nTwo.", 5, 9)).toBe("One.\nX.");
});

it("finds the blanks one after the other, and none after the last", () => {
  const text = "Tip in ___, at ___.";
  expect(blankIn(text, 0)).toEqual([7, 10]);
  expect(blankIn(text, 10)).toEqual([15, 18]);
  expect(blankIn(text, 18)).toBeNull();
  expect(blankIn(text, 8, 16)).toBeNull();
});

it("says what is wrong with which line", () => {
  const list = [
    { name: "a b", text: "x" },
    { name: "us", text: "x" },
    { name: "US", text: "x" },
    { name: "c", text: " " },
  ];
  expect([...faultsOf(list)]).toEqual([
    [0, "name"],
    [2, "twice"],
    [3, "text"],
  ]);
});

it("comes with the same macros in both languages, none at fault", () => {
  expect(BROUGHT.ko.map(({ name }) => name)).toEqual(BROUGHT.en.map(({ name }) => name));
  for (const macros of Object.values(BROUGHT)) expect(faultsOf(macros).size).toBe(0);
});
