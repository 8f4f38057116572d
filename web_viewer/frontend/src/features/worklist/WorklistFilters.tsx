import { Search } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import type { StudyState } from "../../lib/model";
import { useShortcuts } from "../../lib/shortcuts";
import style from "./worklist.module.css";

/** Which states each button of the filter shows; none: all of them. */
export const SHOWN_STATES = {
  all: [],
  toRead: ["drafted"],
  underWay: ["receiving", "queued", "segmenting", "segmented", "drafting"],
  problems: ["skipped", "failed"],
  signed: ["signed"],
} as const satisfies Record<string, readonly StudyState[]>;

export type Shown = keyof typeof SHOWN_STATES;

interface FiltersProps {
  shown: Shown;
  onShow: (shown: Shown) => void;
  text: string;
  onText: (text: string) => void;
}

export function WorklistFilters({ shown, onShow, text, onText }: FiltersProps) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => input.current?.focus() });
  return (
    <div className={style.filters}>
      <label className={style.search}>
        <Search size={15} aria-hidden />
        <span className="visually-hidden">{t("worklist.search")}</span>
        <input
          ref={input}
          type="search"
          value={text}
          placeholder={t("worklist.search")}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        <kbd aria-hidden>/</kbd>
      </label>
      <fieldset className={style.states}>
        <legend className="visually-hidden">{t("worklist.filter")}</legend>
        {(Object.keys(SHOWN_STATES) as Shown[]).map((value) => (
          <Button
            key={value}
            small
            look="quiet"
            aria-pressed={shown === value}
            onClick={() => onShow(value)}
            data-testid={`filter-${value}`}
          >
            {t(`worklist.shown.${value}`)}
          </Button>
        ))}
      </fieldset>
    </div>
  );
}
