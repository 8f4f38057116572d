import { useQuery } from "@tanstack/react-query";
import { Siren } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "../components/Link";
import { useTone } from "../lib/alarm";
import { waitingFirst } from "../lib/alerts";
import { useFirstImage } from "../lib/firstImage";
import { viewerAddress } from "../lib/location";
import { worklistQuery } from "../lib/queries";
import style from "./viewerPage.module.css";

/** Critical results of other studies that wait: one is not to be missed while another study is read. */
export function OtherAlerts({ studyUid }: { studyUid: string }) {
  const { t } = useTranslation();
  const enabled = useFirstImage((state) => state.shown);
  const head = useQuery({ ...worklistQuery({ limit: 50 }), enabled }).data?.items; // what waits stands first
  useTone(head);
  const others = waitingFirst(head ?? []).filter((item) => item.study_uid !== studyUid);
  const first = others[0];
  return (
    <span role="status" className={style.others}>
      {first && (
        <Link to={viewerAddress(first.study_uid)} data-testid="other-alerts">
          <Siren size={15} aria-hidden />
          {t("alert.elsewhere", { count: others.length })}
        </Link>
      )}
    </span>
  );
}
