import { useTranslation } from "react-i18next";
import { chooseLanguage } from "../lib/i18n";
import { useLock } from "../lib/lock";
import { endSession, useMay, useSession } from "../lib/session";
import { THEMES, useTheme } from "../lib/theme";
import style from "./AccountMenu.module.css";
import { Button } from "./Button";
import { Link } from "./Link";

const LANGUAGES = [
  ["en", "English"],
  ["ko", "한국어"],
] as const;

/** Theme, language, and the ways out. */
export default function AccountChoices({ name }: { name: string }) {
  const { t, i18n } = useTranslation();
  const session = useSession();
  const mayRun = useMay("admin");
  const { theme, choose } = useTheme();
  const setLocked = useLock((state) => state.setLocked);
  const leave = async () => window.location.assign(await endSession());
  return (
    <>
      <p>{name ? t("access.account", { name }) : t("access.nobody")}</p>
      <fieldset>
        <legend>{t("access.theme")}</legend>
        {THEMES.map((each) => (
          <Button
            key={each}
            small
            look="quiet"
            aria-pressed={theme === each}
            data-testid={`theme-${each}`}
            onClick={() => choose(each)}
          >
            {t(`access.themes.${each}`)}
          </Button>
        ))}
      </fieldset>
      <fieldset>
        <legend>{t("access.language")}</legend>
        {LANGUAGES.map(([code, label]) => (
          <Button
            key={code}
            small
            look="quiet"
            lang={code}
            aria-pressed={i18n.language === code}
            data-testid={`language-${code}`}
            onClick={() => chooseLanguage(code)}
          >
            {label}
          </Button>
        ))}
      </fieldset>
      <div className={style.ways}>
        {mayRun && <Link to="/admin">{t("access.admin")}</Link>}
        <Button small onClick={() => setLocked(true)} data-testid="lock-now">
          {t("access.lockNow")}
        </Button>
        {session && session.how !== "loopback" && (
          <Button small onClick={() => void leave()} data-testid="log-out">
            {t("access.logOut")}
          </Button>
        )}
      </div>
    </>
  );
}
