import { useQuery } from "@tanstack/react-query";
import { UsersRound } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { endPresence, renewPresence } from "../../lib/api";
import { useEnded } from "../../lib/ended";
import { useFirstImage } from "../../lib/firstImage";
import { addWords } from "../../lib/i18n";
import { en, ko } from "../../lib/locales/presence";
import { useLock } from "../../lib/lock";
import { personName } from "../../lib/patient";
import { useSession } from "../../lib/session";
import style from "./presence.module.css";

addWords({ en: { presence: en }, ko: { presence: ko } });

const RENEW_EVERY_MS = 15_000; // the service forgets after 40 s

const ignore = () => undefined; // the lease ends by itself

/** Says that this reader has the study open while the page is in sight, and who else has. */
export default function AlsoReading({ studyUid }: { studyUid: string }) {
  const { t, i18n } = useTranslation();
  const imageShown = useFirstImage((state) => state.shown);
  const isKnown = Boolean(useSession()?.subject);
  const away = useLock((state) => state.locked);
  const ended = useEnded((state) => state.ended);
  const here = imageShown && isKnown && !away && !ended;
  const others = useQuery({
    queryKey: ["presence", studyUid],
    queryFn: () => renewPresence(studyUid),
    enabled: here,
    refetchInterval: RENEW_EVERY_MS,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  useEffect(() => {
    if (!here) return;
    const leave = () => void endPresence(studyUid).catch(ignore);
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [studyUid, here]);
  const names = here && !others.error ? (others.data?.names ?? []) : [];
  const spelled = new Intl.ListFormat(i18n.language, { type: "conjunction" }).format(
    names.map((name) => personName(name, i18n.language)),
  );
  return (
    <span role="status" className={style.also} title={spelled && t("presence.alsoLong", { names: spelled })}>
      {spelled && (
        <span data-testid="also-reading">
          <UsersRound size={15} aria-hidden />
          {t("presence.also", { names: spelled })}
        </span>
      )}
    </span>
  );
}
