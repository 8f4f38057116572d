import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError, putReport, signReport } from "../../lib/api";
import type { Report, StudyRecord } from "../../lib/model";
import { useReader } from "../../lib/reader";
import { useSession } from "../../lib/session";
import { type KeptEdit, keepEdit, letGo, takeEdit } from "./keptEdit";
import { isEdited, rebased, type Section, type SectionTexts, sentencesOf, textsOf } from "./reportText";

/**
 * The reader's words on top of the newest report version.
 *
 * A newer version replaces them where nothing was edited; where something was, `conflict` holds it until the
 * reader decides. Words that were not saved are there again after a crash, as soon as it is known whose they are.
 */
export function useReportEdit(studyUid: string, report: Report) {
  const queryClient = useQueryClient();
  const key = ["study", studyUid];
  const owner = useSession()?.subject;
  const [writer, setWriter] = useState<string>(); // whose words are on the screen, once that is known
  const [edit, setEdit] = useState<KeptEdit>(() => ({ base: report, texts: textsOf(report) }));
  if (owner !== undefined && writer !== owner) {
    setWriter(owner);
    const typed = writer === undefined && isEdited(edit.base, edit.texts); // before it was known by whom
    const kept = report.signature || typed ? null : takeEdit(owner, studyUid);
    const words = kept && isEdited(report, kept.texts) ? kept : null; // saved meanwhile, by another tab
    // Somebody else's words, from before the lock, are kept for them and leave the screen.
    if (writer !== undefined) setEdit(words ?? { base: report, texts: textsOf(report) });
    else if (words) setEdit(words);
  }
  const edited = isEdited(edit.base, edit.texts);
  const renewed =
    report.version !== edit.base.version || Boolean(report.signature) !== Boolean(edit.base.signature);
  if (renewed && (!edited || report.signature)) setEdit({ base: report, texts: textsOf(report) });

  useEffect(() => {
    if (writer === undefined) return;
    keepEdit(writer, studyUid, edited ? edit : null);
    return () => void letGo("edit");
  }, [writer, studyUid, edited, edit]);

  const onError = (error: Error) => {
    if (error instanceof ApiError && error.status === 409)
      void queryClient.invalidateQueries({ queryKey: key });
  };

  const put = async (): Promise<Report> => {
    const { base, texts } = edit;
    const written = await putReport(studyUid, {
      version: base.version,
      findings: sentencesOf(texts.findings),
      impression: sentencesOf(texts.impression),
      recommendation: sentencesOf(texts.recommendation),
      reader: useReader.getState().name || null,
    });
    setEdit({ base: written, texts: textsOf(written) });
    queryClient.setQueryData<StudyRecord>(key, (record) => record && { ...record, draft: written });
    void queryClient.invalidateQueries({ queryKey: key });
    return written;
  };

  const save = useMutation({ mutationFn: put, onError });
  const sign = useMutation({
    mutationFn: async (signer: string) => {
      const signed = edited ? await put() : edit.base;
      return signReport(studyUid, signer, signed.version);
    },
    onSuccess: (record) => queryClient.setQueryData(key, record),
    onError,
  });

  return {
    texts: edit.texts,
    base: edit.base,
    edited,
    conflict: renewed && edited && !report.signature ? report : null,
    write: (section: Section, text: string) =>
      setEdit((current) => ({ ...current, texts: { ...current.texts, [section]: text } })),
    replace: (texts: SectionTexts) => setEdit((current) => ({ ...current, texts })),
    discard: () => setEdit({ base: report, texts: textsOf(report) }),
    keepMine: () =>
      setEdit((current) => ({ base: report, texts: rebased(current.texts, current.base, report) })),
    save,
    sign,
  };
}
