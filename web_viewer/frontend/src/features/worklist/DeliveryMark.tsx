import { Check, CircleAlert, LoaderCircle } from "lucide-react";
import { useWords } from "../../lib/i18n";
import type { Delivery } from "../../lib/model";
import style from "./worklist.module.css";

/** How far the study's results are on their way to the PACS. */
export function DeliveryMark({ deliveries }: { deliveries: readonly Delivery[] }) {
  const { t } = useWords();
  if (deliveries.length === 0) return <span className={style.quiet}>–</span>;
  const failed = deliveries.find((delivery) => delivery.state === "failed");
  const sent = deliveries.filter((delivery) => delivery.state === "sent").length;
  const destinations = [...new Set(deliveries.map((delivery) => delivery.destination))].join(", ");
  const sentText = t("worklist.sent", { count: sent, total: deliveries.length });
  if (failed) {
    const text = t("worklist.failedDelivery", { reason: failed.reason ?? "" });
    return (
      <span className={style.delivery} data-state="failed" title={text}>
        <CircleAlert size={14} aria-hidden />
        <span>
          {destinations}
          <small>{text}</small>
        </span>
      </span>
    );
  }
  const done = sent === deliveries.length;
  return (
    <span className={style.delivery} data-state={done ? "sent" : "pending"} title={sentText}>
      {done ? <Check size={14} aria-hidden /> : <LoaderCircle size={14} aria-hidden />}
      <span>
        {destinations}
        <small>{done ? deliveries.map((delivery) => delivery.kind).join(", ") : sentText}</small>
      </span>
    </span>
  );
}
