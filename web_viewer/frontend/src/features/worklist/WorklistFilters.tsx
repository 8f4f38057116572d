import { Search } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import type { StudyState } from "../../lib/model";
import { useShortcuts } from "../../lib/shortcuts";
import { SavedViews } from "./SavedViews";
import { DELIVERIES, type DeliveryChoice, type View } from "./view";
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
  view: View;
  onView: (view: View) => void;
}

export function WorklistFilters({ view, onView }: FiltersProps) {
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
          value={view.text}
          placeholder={t("worklist.search")}
          onChange={(event) => onView({ ...view, text: event.target.value })}
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
            aria-pressed={view.only === value}
            onClick={() => onView({ ...view, only: value })}
            data-testid={`filter-${value}`}
          >
            {t(`worklist.shown.${value}`)}
          </Button>
        ))}
      </fieldset>
      <select
        className={style.choice}
        data-chosen={view.delivery !== "any"}
        value={view.delivery}
        aria-label={t("views.delivery")}
        data-testid="filter-delivery"
        onChange={(event) => onView({ ...view, delivery: event.target.value as DeliveryChoice })}
      >
        {DELIVERIES.map((value) => (
          <option key={value} value={value}>
            {t(`views.deliveries.${value}`)}
          </option>
        ))}
      </select>
      <SavedViews view={view} onView={onView} />
    </div>
  );
}
