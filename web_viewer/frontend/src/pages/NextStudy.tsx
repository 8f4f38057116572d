import { useQuery } from "@tanstack/react-query";
import { ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../components/Button";
import { readingOrder } from "../features/worklist/order";
import { navigate, viewerAddress } from "../lib/location";
import { worklistQuery } from "../lib/queries";
import { useShortcuts } from "../lib/shortcuts";

/** On to the next draft of the worklist that waits for a reader. */
export function NextStudy({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  const waiting = useQuery(worklistQuery({ state: ["drafted"], limit: 100 })).data?.items ?? [];
  const inOrder = readingOrder(waiting);
  const here = inOrder.findIndex((item) => item.study_uid === studyUid);
  const after = inOrder[(here + 1) % Math.max(1, inOrder.length)];
  const next = after?.study_uid === studyUid ? undefined : after;
  const go = () => {
    if (next) navigate(viewerAddress(next.study_uid));
  };
  useShortcuts({ n: go });
  return (
    <Button small look="quiet" disabled={!next} title="N" data-testid="next-study" onClick={go}>
      {t("viewer.next")}
      <ArrowRight size={15} aria-hidden />
    </Button>
  );
}
