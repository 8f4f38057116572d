import { Search } from "lucide-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import type { StudyState } from "../../lib/model";
import { useShortcuts } from "../../lib/shortcuts";
import style from "./worklist.module.css";

export type StateFilter = "" | StudyState;
const FILTERS: StateFilter[] = ["", "drafted", "signed", "skipped", "failed"];

interface FiltersProps {
  state: StateFilter;
  onState: (state: StateFilter) => void;
  text: string;
  onText: (text: string) => void;
}

export function WorklistFilters({ state, onState, text, onText }: FiltersProps) {
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
        {FILTERS.map((value) => (
          <Button
            key={value}
            small
            look="quiet"
            aria-pressed={state === value}
            onClick={() => onState(value)}
            data-testid={`filter-${value || "all"}`}
          >
            {value === "" ? t("worklist.all") : t(`state.${value}`)}
          </Button>
        ))}
      </fieldset>
    </div>
  );
}
