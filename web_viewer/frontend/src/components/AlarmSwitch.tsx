import { Bell, BellOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useAlarm } from "../lib/alarm";
import { Button, IconButton } from "./Button";
import style from "./controls.module.css";

/** Asks once whether critical results may be heard; a switch ever after. */
export function AlarmSwitch() {
  const { t } = useTranslation();
  const { choice, blocked, choose } = useAlarm();
  if (choice === null) {
    return (
      <div className={style.alarm} data-testid="alarm-question">
        <span>{t("alert.sound.ask")}</span>
        <Button small onClick={() => choose("on")} data-testid="alarm-yes">
          {t("alert.sound.yes")}
        </Button>
        <Button small look="quiet" onClick={() => choose("off")} data-testid="alarm-no">
          {t("alert.sound.no")}
        </Button>
      </div>
    );
  }
  const on = choice === "on";
  return (
    <div className={style.alarm}>
      {on && blocked && <span role="status">{t("alert.sound.blocked")}</span>}
      <IconButton
        label={t(on ? "alert.sound.on" : "alert.sound.off")}
        data-testid="alarm-switch"
        aria-pressed={on}
        onClick={() => choose(on ? "off" : "on")}
      >
        {on ? <Bell size={18} aria-hidden /> : <BellOff size={18} aria-hidden />}
      </IconButton>
    </div>
  );
}
