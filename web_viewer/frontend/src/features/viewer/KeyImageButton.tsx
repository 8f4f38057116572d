import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Star } from "lucide-react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../../components/Button";
import { putKeyImages } from "../../lib/api";
import type { StudyRecord } from "../../lib/model";
import { UNNAMED, useReader } from "../../lib/reader";

/** Mark the radiograph as a key image, or take the mark away. */
export function KeyImageButton({ record, instanceUid }: { record: StudyRecord; instanceUid: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const reader = useReader((state) => state.name);
  const chosen = record.marks.key_images?.radiograph_uids ?? [];
  const isKey = chosen.includes(instanceUid);
  const send = useMutation({
    mutationFn: () => {
      const next = isKey ? chosen.filter((uid) => uid !== instanceUid) : [...chosen, instanceUid];
      return putKeyImages(record.study_uid, next, reader.trim() || UNNAMED);
    },
    onSuccess: (after: StudyRecord) => client.setQueryData(["study", record.study_uid], after),
  });
  const failed = send.error ? `: ${send.error.message}` : "";
  return (
    <IconButton
      label={`${t("viewer.keyImage")}${failed}`}
      aria-pressed={isKey}
      disabled={record.state === "signed" || send.isPending}
      onClick={() => send.mutate()}
      data-testid="key-image"
    >
      <Star size={17} fill={isKey ? "currentColor" : "none"} aria-hidden />
    </IconButton>
  );
}
