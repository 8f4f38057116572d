import { useMutation, useQueryClient } from "@tanstack/react-query";
import { acknowledgeAlert } from "../../lib/api";
import type { AcknowledgeRequest } from "../../lib/model";

/** Record that the clinician was told; the study is shown as the service then has it. */
export function useAcknowledgement(studyUid: string, onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (said: AcknowledgeRequest) => acknowledgeAlert(studyUid, said),
    onSuccess: (record) => {
      queryClient.setQueryData(["study", studyUid], record);
      void queryClient.invalidateQueries({ queryKey: ["worklist"] });
      onDone();
    },
  });
}
