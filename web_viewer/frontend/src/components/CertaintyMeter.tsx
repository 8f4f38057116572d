import { useWords } from "../lib/i18n";
import type { Certainty } from "../lib/model";
import { percentText } from "../lib/quantity";
import style from "./controls.module.css";

const BARS: Record<Certainty, number> = { low: 1, moderate: 2, high: 3 };

interface MeterProps {
  certainty: Certainty;
  uncertainty?: number | null; // 0 to 1, of presence and outline together
}

/** Three bars, so that certainty is told by more than colour. */
export function CertaintyMeter({ certainty, uncertainty = null }: MeterProps) {
  const { t } = useWords();
  const level = t("certainty.label", { level: t(`certainty.${certainty}`) });
  const name =
    uncertainty === null
      ? level
      : t("unread.uncertain.title", { certainty: level, value: percentText(uncertainty) });
  return (
    <span className={style.meter} role="img" aria-label={name} title={name}>
      {[1, 2, 3].map((bar) => (
        <i key={bar} data-on={bar <= BARS[certainty]} />
      ))}
    </span>
  );
}
