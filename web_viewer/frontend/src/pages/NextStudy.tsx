import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowRight } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../components/Button";
import { readingOrder } from "../features/worklist/order";
import { useFirstImage } from "../lib/firstImage";
import { navigate, viewerAddress } from "../lib/location";
import { fetchAhead, worklistQuery } from "../lib/queries";
import { useShortcuts } from "../lib/shortcuts";

const PAUSE_MS = 1_500; // the study that is open comes first

const ignore = () => undefined; // it is asked for again, and its failure shown, when it is opened

/** On to the next draft of the worklist that waits for a reader. */
export function NextStudy({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const enabled = useFirstImage((state) => state.shown);
  const drafts = worklistQuery({ state: ["drafted"], limit: 100 });
  const waiting = useQuery({ ...drafts, enabled }).data?.items ?? [];
  const inOrder = readingOrder(waiting);
  const here = inOrder.findIndex((item) => item.study_uid === studyUid);
  const after = inOrder[(here + 1) % Math.max(1, inOrder.length)];
  const next = after?.study_uid === studyUid ? undefined : after;
  const go = () => {
    if (next) navigate(viewerAddress(next.study_uid));
  };
  useShortcuts({ n: go });
  const nextUid = next?.study_uid;
  useEffect(() => {
    if (!nextUid) return;
    const timer = setTimeout(() => void fetchAhead(queryClient, nextUid).catch(ignore), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [queryClient, nextUid]);
  return (
    <Button small look="quiet" disabled={!next} title="N" data-testid="next-study" onClick={go}>
      {t("viewer.next")}
      <ArrowRight size={15} aria-hidden />
    </Button>
  );
}
