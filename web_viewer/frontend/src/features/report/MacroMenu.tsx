import { Pencil, Zap } from "lucide-react";
import { lazy, type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Later } from "../../components/Later";
import { Menu } from "../../components/Menu";
import type { Language } from "../../lib/i18n";
import { type Macro, ownLine } from "./macros";
import { typeOver, writable } from "./macroTyping";
import style from "./report.module.css";
import { useMacros } from "./useMacros";

const MacroEditor = lazy(() => import("./MacroEditor"));

interface MenuProps {
  language: Language; // of the report
  panel: RefObject<HTMLElement | null>;
}

/** The reader's macros by name: a click puts one where the caret was last. */
export function MacroMenu({ language, panel }: MenuProps) {
  const { t } = useTranslation();
  const { macros, known } = useMacros(language);
  const [editing, setEditing] = useState(false);
  const lastField = useLastField(panel);
  const insert = (macro: Macro) => {
    const field = lastField.current ?? firstField(panel.current);
    if (field) typeOver(field, ownLine(field.value, field.selectionStart, field.selectionEnd, macro.text));
  };
  return (
    <>
      <Menu
        id="report-macros"
        button={
          <>
            <Zap size={14} aria-hidden />
            {t("macros.title")}
          </>
        }
        label={t("macros.title")}
        className={style.macros}
        data-testid="macros"
      >
        {(close) => (
          <>
            <ul>
              {macros.map((macro) => (
                <li key={macro.name}>
                  <button
                    type="button"
                    onClick={() => {
                      close();
                      insert(macro);
                    }}
                  >
                    <kbd>.{macro.name}</kbd>
                    <span lang={language}>{macro.text}</span>
                  </button>
                </li>
              ))}
            </ul>
            <footer>
              <small>{t("macros.hint")}</small>
              <Button
                small
                disabled={!known} // or what the reader has would be replaced unseen
                data-testid="macros-edit"
                onClick={() => {
                  close();
                  setEditing(true);
                }}
              >
                <Pencil size={13} aria-hidden />
                {t("macros.edit")}
              </Button>
            </footer>
          </>
        )}
      </Menu>
      {editing && (
        <Later>
          <MacroEditor language={language} onClose={() => setEditing(false)} />
        </Later>
      )}
    </>
  );
}

const firstField = (panel: HTMLElement | null) =>
  panel?.querySelector<HTMLTextAreaElement>("textarea:not([readonly])") ?? null;

/** The field in which the caret was last; one that is gone or closed is none. */
function useLastField(panel: RefObject<HTMLElement | null>): {
  readonly current: HTMLTextAreaElement | null;
} {
  const last = useRef<HTMLTextAreaElement | null>(null);
  useEffect(() => {
    const root = panel.current;
    const note = ({ target }: FocusEvent) => {
      if (writable(target)) last.current = target;
    };
    root?.addEventListener("focusin", note);
    return () => root?.removeEventListener("focusin", note);
  }, [panel]);
  return {
    get current() {
      const field = last.current;
      return field?.isConnected && !field.readOnly ? field : null;
    },
  };
}
