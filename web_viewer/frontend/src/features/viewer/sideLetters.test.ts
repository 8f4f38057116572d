import { expect, it } from "vitest";
import { sideLetters } from "./sideLetters";

it("puts the patient's right on the left of the screen as stored", () => {
  expect(sideLetters("R", 0, false)).toEqual([
    { edge: "left", letter: "R" },
    { edge: "right", letter: "L" },
  ]);
});

it("follows flips and turns as the image does", () => {
  expect(sideLetters("R", 0, true)[0]).toEqual({ edge: "right", letter: "R" });
  expect(sideLetters("R", 1, false)[0]).toEqual({ edge: "top", letter: "R" });
  expect(sideLetters("R", 1, true)[0]).toEqual({ edge: "bottom", letter: "R" });
  expect(sideLetters("L", 3, false)[0]).toEqual({ edge: "bottom", letter: "L" });
});

it("says nothing where the side is not known", () => {
  expect(sideLetters("", 0, false)).toEqual([]);
});
