import { useId } from "react";
import style from "./statement.module.css";

interface ChoiceProps<T extends string> {
  name: string;
  options: readonly T[];
  chosen: T | null; // null: none yet
  word: (option: T) => string;
  onChoose: (option: T) => void;
  first?: boolean; // has the focus when the editor opens
}

/** One of a few words, side by side; arrow keys choose. */
export function Choice<T extends string>({ name, options, chosen, word, onChoose, first }: ChoiceProps<T>) {
  const id = useId();
  return (
    <>
      <span id={id} className={style.name}>
        {name}
      </span>
      <div role="radiogroup" aria-labelledby={id} className={style.options}>
        {options.map((option) => (
          <label key={option}>
            <input
              type="radio"
              name={id}
              value={option}
              checked={chosen === option}
              // biome-ignore lint/a11y/noAutofocus: the reader has just opened this editor
              autoFocus={first && chosen === option}
              data-testid={`statement-${option}`}
              onChange={() => onChoose(option)}
            />
            {word(option)}
          </label>
        ))}
      </div>
    </>
  );
}
