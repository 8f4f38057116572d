import { useMutation, useQueryClient } from "@tanstack/react-query";
import { assessFinding } from "../../lib/api";
import type { AssessmentVerdict, StudyRecord } from "../../lib/model";
import { UNNAMED, useReader } from "../../lib/reader";

/** Accept or reject a finding; shown at once, taken back if the service refuses. */
export function useAssessment(studyUid: string) {
  const queryClient = useQueryClient();
  const name = useReader((state) => state.name);
  const key = ["study", studyUid];
  return useMutation({
    mutationFn: ({ findingId, verdict }: { findingId: string; verdict: AssessmentVerdict }) =>
      assessFinding(studyUid, findingId, verdict, name.trim() || UNNAMED),
    onMutate: async ({ findingId, verdict }) => {
      await queryClient.cancelQueries({ queryKey: key });
      const before = queryClient.getQueryData<StudyRecord>(key);
      if (before) {
        const assessments = { ...before.assessments, [findingId]: verdict };
        queryClient.setQueryData<StudyRecord>(key, { ...before, assessments });
      }
      return { before };
    },
    onError: (_error, _verdict, kept) => {
      if (kept?.before) queryClient.setQueryData(key, kept.before);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: key }),
  });
}
