import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { checkReport, getProposal } from "../../lib/api";
import type { AssessmentVerdict, Check, Finding, Report } from "../../lib/model";
import { linkedLines, SECTIONS, type SectionTexts, sentencesOf } from "./reportText";

const PAUSE = 700; // milliseconds without a key before words are looked at

const NONE: readonly Check[] = [];

/** What the words as they stand in the editor are at odds with: looked at when the reader pauses. */
export function useObjections(
  studyUid: string,
  base: Report,
  texts: SectionTexts,
  verdicts: Readonly<Record<string, AssessmentVerdict>>,
  findings: readonly Finding[],
  open: boolean,
): readonly Check[] {
  const paused = usePaused(texts, base.version);
  const { data } = useQuery({
    queryKey: ["objections", studyUid, base.version, paused, verdicts, measuresOf(findings)],
    queryFn: ({ signal }) =>
      checkReport(
        studyUid,
        {
          version: base.version,
          findings: sentencesOf(paused.findings),
          impression: sentencesOf(paused.impression),
          recommendation: sentencesOf(paused.recommendation),
        },
        signal,
      ),
    enabled: open,
    // What was said of another version is not said of this one.
    placeholderData: (before: Check[] | undefined, asked) =>
      asked?.queryKey[1] === studyUid && asked.queryKey[2] === base.version ? before : undefined,
    retry: false,
  });
  if (!open) return base.warnings;
  return stillSaid(data ?? NONE, texts);
}

/** Return the objections to sentences that still stand: words are looked at only when the reader pauses. */
function stillSaid(checks: readonly Check[], texts: SectionTexts): readonly Check[] {
  const said = new Set(SECTIONS.flatMap((section) => sentencesOf(texts[section])));
  return checks.filter(({ sentence }) => !sentence || said.has(sentence.trim()));
}

/** Return what is said of findings: words are looked at anew when a reader has drawn or stated one anew. */
const measuresOf = (findings: readonly Finding[]) =>
  findings.map(({ id, presence, certainty, region, area_px, segment }) =>
    [id, presence, certainty, region, area_px, segment?.instance_uid].join(),
  );

/**
 * The report without what the reader rejected and with measurements as they are now: as long as the words in
 * the editor still rest on what was rejected, or hold a measurement from before.
 */
export function useProposal(
  studyUid: string,
  base: Report,
  texts: SectionTexts,
  verdicts: Readonly<Record<string, AssessmentVerdict>>,
  findings: readonly Finding[],
  outdated: boolean,
  open: boolean,
) {
  const rejected = Object.keys(verdicts).filter((id) => verdicts[id] === "rejected");
  const held = SECTIONS.flatMap((section) =>
    linkedLines(texts[section], base[section]).flatMap((line) => line.findingIds),
  );
  const spoken = rejected.filter((id) => held.includes(id));
  const { data } = useQuery({
    queryKey: ["proposal", studyUid, base.version, rejected, measuresOf(findings)],
    queryFn: ({ signal }) => getProposal(studyUid, signal),
    enabled: open && (outdated || spoken.length > 0),
    retry: false,
  });
  return open && (outdated || spoken.length > 0) && data ? { spoken, proposal: data } : null;
}

/** Return a value once it has not changed for a while; at once where it belongs to another version. */
function usePaused<T>(value: T, version: number): T {
  const [paused, setPaused] = useState({ value, version });
  const renewed = paused.version !== version;
  if (renewed) setPaused({ value, version });
  useEffect(() => {
    const timer = setTimeout(() => setPaused({ value, version }), PAUSE);
    return () => clearTimeout(timer);
  }, [value, version]);
  return renewed ? value : paused.value;
}
