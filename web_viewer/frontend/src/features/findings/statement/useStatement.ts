import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, putStatement } from "../../../lib/api";
import type { FindingEdit } from "../../../lib/model";

/** Keep what the reader states of a finding; where somebody else was first, what they said is fetched. */
export function useStatement(studyUid: string, findingId: string, onKept: () => void) {
  const queryClient = useQueryClient();
  const key = ["study", studyUid];
  return useMutation({
    mutationFn: (edit: FindingEdit) => putStatement(studyUid, findingId, edit),
    onSuccess: (record) => {
      queryClient.setQueryData(key, record);
      onKept();
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409)
        void queryClient.invalidateQueries({ queryKey: key });
    },
  });
}
