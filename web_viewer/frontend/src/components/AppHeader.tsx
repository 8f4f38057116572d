import { Keyboard } from "lucide-react";
import { lazy, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useConnection } from "../lib/events";
import { useShortcuts } from "../lib/shortcuts";
import { AccountMenu } from "./AccountMenu";
import style from "./AppHeader.module.css";
import { IconButton } from "./Button";
import { Later } from "./Later";

const ShortcutHelp = lazy(() => import("./ShortcutHelp"));

/** The line on top of every page: where one is, and whether the page is live. */
export function AppHeader({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [helping, setHelping] = useState(false);
  const connection = useConnection((state) => state.connection);
  useShortcuts({ "?": () => setHelping(true) });

  return (
    <header className={style.header}>
      <div className={style.lead}>{children}</div>
      <span
        className={style.connection}
        data-connection={connection}
        role="status"
        title={t(`app.${connection}`)}
      >
        {t(`app.${connection}`)}
      </span>
      <IconButton label={`${t("app.help")} (?)`} onClick={() => setHelping(true)}>
        <Keyboard size={18} aria-hidden />
      </IconButton>
      <AccountMenu />
      {helping && (
        <Later>
          <ShortcutHelp onClose={() => setHelping(false)} />
        </Later>
      )}
    </header>
  );
}
