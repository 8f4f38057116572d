import { UserRound } from "lucide-react";
import { lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../lib/session";
import style from "./AccountMenu.module.css";
import { Button } from "./Button";
import { Later } from "./Later";

const fetchChoices = () => import("./AccountChoices");
const AccountChoices = lazy(fetchChoices);
const ID = "account-menu";

/** Who is logged in, and how the viewer looks to them. */
export function AccountMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const [wanted, setWanted] = useState(false);
  const name = (session?.name || session?.subject || "").replace("^", " ");
  const ahead = () => void fetchChoices().catch(() => undefined);
  return (
    <>
      <Button
        look="quiet"
        small
        popoverTarget={ID}
        aria-label={t("access.menu")}
        title={t("access.menu")}
        data-testid="account"
        onPointerEnter={ahead}
        onFocus={ahead}
      >
        <UserRound size={17} aria-hidden />
        {name}
      </Button>
      <div
        id={ID}
        popover="auto"
        className={style.menu}
        role="dialog"
        aria-label={t("access.menu")}
        onBeforeToggle={(event) => event.newState === "open" && setWanted(true)}
      >
        <Later fallback={<div className={style.coming} />}>{wanted && <AccountChoices name={name} />}</Later>
      </div>
    </>
  );
}
