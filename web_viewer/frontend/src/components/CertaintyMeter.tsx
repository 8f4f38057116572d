import { useTranslation } from "react-i18next";
import type { Certainty } from "../lib/model";
import style from "./controls.module.css";

const BARS: Record<Certainty, number> = { low: 1, moderate: 2, high: 3 };

/** Three bars, so that certainty is told by more than colour. */
export function CertaintyMeter({ certainty }: { certainty: Certainty }) {
  const { t } = useTranslation();
  const name = t("certainty.label", { level: t(`certainty.${certainty}`) });
  return (
    <span className={style.meter} role="img" aria-label={name} title={name}>
      {[1, 2, 3].map((bar) => (
        <i key={bar} data-on={bar <= BARS[certainty]} />
      ))}
    </span>
  );
}
