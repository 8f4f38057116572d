import { expect, it } from "vitest";
import type { Report } from "../../lib/model";
import { lineAt, linkedLines, proposedTexts, rebased, sentencesOf, textOf } from "./reportText";

const sentence = (text: string, ...finding_ids: string[]) => ({ text, finding_ids, rule_id: null });

it("writes a sentence a line, and reads them back without blank lines", () => {
  const text = textOf([sentence("Free gas."), sentence("No levels.")]);
  expect(text).toBe("Free gas.\nNo levels.");
  expect(sentencesOf(`\n  ${text}\n\n \nOne more. `)).toEqual(["Free gas.", "No levels.", "One more."]);
});

it("links a line to its findings until it is reworded", () => {
  const sentences = [sentence("Free gas.", "gas@1"), sentence("No levels.")];
  expect(linkedLines("No levels.\nFree gas. \nFree gas, much.", sentences)).toEqual([
    { text: "No levels.", findingIds: [] },
    { text: "Free gas. ", findingIds: ["gas@1"] },
    { text: "Free gas, much.", findingIds: [] },
  ]);
});

it("knows the line of the caret", () => {
  expect(lineAt("one\ntwo\nthree", 0)).toBe(0);
  expect(lineAt("one\ntwo\nthree", 4)).toBe(1);
  expect(lineAt("one\ntwo\nthree", 13)).toBe(2);
});

it("lets no older measurement linger when the reader's words go on top of a newer version", () => {
  const version = (size: string) =>
    ({
      findings: [sentence("Free gas.", "gas@1"), { ...sentence(size, "gas@1"), rule_id: "measurement" }],
      impression: [],
      recommendation: [],
    }) as unknown as Report;
  const texts = {
    findings: "Free gas, much.\nIt measures 18.5 cm².",
    impression: "Mine.",
    recommendation: "",
  };
  expect(rebased(texts, version("It measures 18.5 cm²."), version("It measures 24.3 cm²."))).toEqual({
    ...texts,
    findings: "Free gas, much.\nIt measures 24.3 cm².",
  });
});

it("keeps what the reader wrote and did not save when a proposal is taken", () => {
  const base = {
    findings: [sentence("No gas.", "gas@1"), sentence("Stool.", "stool@1")],
    impression: [sentence("No gas.", "gas@1")],
    recommendation: [],
  } as unknown as Report;
  const proposal = {
    version: 2,
    findings: ["Free gas.", "Stool."],
    impression: ["Free gas."],
    recommendation: ["Call a surgeon."],
  };
  const saved = { findings: "No gas.\nStool.", impression: "No gas.", recommendation: "" };
  expect(proposedTexts(proposal, base, saved)).toEqual({
    findings: "Free gas.\nStool.",
    impression: "Free gas.",
    recommendation: "Call a surgeon.",
  });
  const texts = { ...saved, findings: "Tube in place.\nNo gas.", impression: "No gas.\nMuch stool." };
  expect(proposedTexts(proposal, base, texts)).toEqual({
    findings: "Tube in place.\nFree gas.", // what was taken out by hand stays out
    impression: "Free gas.\nMuch stool.",
    recommendation: "Call a surgeon.",
  });
});
