import { keepPreviousData, useQuery } from "@tanstack/react-query";
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
  const paused = usePaused(texts);
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
    placeholderData: keepPreviousData,
    retry: false,
  });
  return open ? (data ?? NONE) : base.warnings;
}

/** Return what an outline says of a finding: words are looked at anew when a reader has drawn it anew. */
const measuresOf = (findings: readonly Finding[]) =>
  findings.map(({ id, presence, area_px, segment }) => [id, presence, area_px, segment?.instance_uid]);

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

function usePaused<T>(value: T): T {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), PAUSE);
    return () => clearTimeout(timer);
  }, [value]);
  return paused;
}
