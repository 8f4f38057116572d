/** A report's sections as text to edit, one sentence a line, and back. Pure. */

import type { Report, ReportProposal, Sentence } from "../../lib/model";

export const SECTIONS = ["findings", "impression", "recommendation"] as const;
export type Section = (typeof SECTIONS)[number];
export type SectionTexts = Record<Section, string>;

/** Stands in a text for what its writer has still to fill in. */
export const BLANK = "___";

export const textOf = (sentences: readonly Sentence[]): string =>
  sentences.map((sentence) => sentence.text).join("\n");

/** Return the sentences of a text: its lines, trimmed, without the empty ones. */
export const sentencesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

export const textsOf = (report: Report): SectionTexts => ({
  findings: textOf(report.findings),
  impression: textOf(report.impression),
  recommendation: textOf(report.recommendation),
});

/** Return a proposal's sentences as text to edit; what the reader changed since `base` and did not save stays. */
export const proposedTexts = (proposal: ReportProposal, base: Report, texts: SectionTexts): SectionTexts => {
  const edited = isEdited(base, texts);
  const section = (name: Section) =>
    edited
      ? merged(sentencesOf(texts[name]), sentencesOf(textOf(base[name])), proposal[name])
      : proposal[name].join("\n");
  return {
    findings: section("findings"),
    impression: section("impression"),
    recommendation: section("recommendation"),
  };
};

/** Return the reader's lines with what a proposal takes out of `before`, and puts in its place, done to them. */
function merged(lines: readonly string[], before: readonly string[], proposed: readonly string[]): string {
  const isGone = (line: string) => before.includes(line) && !proposed.includes(line);
  const fresh = proposed.filter((line) => !before.includes(line) && !lines.includes(line));
  const place = lines.findIndex(isGone);
  const at = place < 0 ? lines.length : place;
  return [...lines.slice(0, at), ...fresh, ...lines.slice(at)].filter((line) => !isGone(line)).join("\n");
}

/** Return whether `texts` say anything else than `report` does; blank lines and edges do not count. */
export function isEdited(report: Report, texts: SectionTexts): boolean {
  return SECTIONS.some((section) => {
    const mine = sentencesOf(texts[section]);
    const theirs = sentencesOf(textOf(report[section]));
    return mine.length !== theirs.length || mine.some((sentence, i) => sentence !== theirs[i]);
  });
}

/**
 * Return the reader's texts on top of a newer version: their own lines stay; one that is as it stood in `base`
 * becomes what the newer version says of the same findings, so that no older measurement lingers.
 */
export function rebased(texts: SectionTexts, base: Report, newer: Report): SectionTexts {
  const renew = (section: Section) =>
    texts[section]
      .split("\n")
      .map((line) => renewedLine(line, base[section], newer[section]))
      .join("\n");
  return {
    findings: renew("findings"),
    impression: renew("impression"),
    recommendation: renew("recommendation"),
  };
}

function renewedLine(line: string, before: readonly Sentence[], after: readonly Sentence[]): string {
  const same = (sentence: Sentence) => sentence.text.trim() === line.trim();
  const old = before.find(same);
  if (!old || old.finding_ids.length === 0 || after.some(same)) return line;
  const about = (sentence: Sentence) =>
    sentence.rule_id === old.rule_id && sentence.finding_ids.join() === old.finding_ids.join();
  return after.find(about)?.text ?? line;
}

export interface Line {
  text: string;
  findingIds: readonly string[]; // none for a line in the reader's own words
}

const OWN: readonly string[] = [];

/** Return the lines of `text` with the findings that they rest on; a changed line rests on none. */
export function linkedLines(text: string, sentences: readonly Sentence[]): Line[] {
  return text.split("\n").map((line) => {
    const same = sentences.find((sentence) => sentence.text.trim() === line.trim());
    return { text: line, findingIds: same?.finding_ids ?? OWN };
  });
}

/** Return the number of the line in which the caret stands. */
export const lineAt = (text: string, caret: number): number => text.slice(0, caret).split("\n").length - 1;
