import { useMutation } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import type { Language } from "../../lib/i18n";
import { useSession } from "../../lib/session";
import { BROUGHT } from "./broughtMacros";
import { type Fault, faultsOf, LONGEST_NAME, LONGEST_TEXT, type Macro, MOST } from "./macros";
import style from "./report.module.css";
import { useMacros } from "./useMacros";

interface EditorProps {
  language: Language;
  onClose: () => void;
}

interface Line extends Macro {
  key: number;
}

/** The reader's macros as a list to change; it is kept as a whole. */
export default function MacroEditor({ language, onClose }: EditorProps) {
  const { t } = useTranslation();
  const { macros, keep } = useMacros(language);
  const loggedIn = Boolean(useSession()?.subject);
  const [lines, setLines] = useState(() => numbered(macros));
  const [tried, setTried] = useState(false);
  const trimmed = lines.map(({ name, text }) => ({
    name: name.trim().replace(/^\./, ""),
    text: text.trim(),
  }));
  const faults = faultsOf(trimmed);
  const save = useMutation({ mutationFn: keep, onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (faults.size === 0) save.mutate(same(trimmed, BROUGHT[language]) ? null : trimmed);
  };
  const change = (at: number, part: Partial<Macro>) =>
    setLines(lines.map((line, index) => (index === at ? { ...line, ...part } : line)));
  return (
    <Dialog title={t("macros.editTitle", { language: t(`macros.languages.${language}`) })} onClose={onClose}>
      <form className={style.macroForm} onSubmit={submit} data-testid="macro-editor">
        <p>
          {t("macros.hint")} {t("macros.blankHint")} {t(loggedIn ? "macros.keptForLogin" : "macros.keptHere")}
        </p>
        <ul>
          {lines.map((line, index) => (
            <EditedLine
              key={line.key}
              line={line}
              language={language}
              fault={tried ? faults.get(index) : undefined}
              onChange={(part) => change(index, part)}
              onRemove={() => setLines(lines.filter((each) => each !== line))}
            />
          ))}
        </ul>
        {save.error && (
          <p className={style.trouble} role="alert">
            {t("macros.failed", { reason: save.error.message })}
          </p>
        )}
        <div className={style.macroActions}>
          <Button
            disabled={lines.length >= MOST}
            data-testid="macro-add"
            onClick={() => setLines([...lines, { key: nextKey(lines), name: "", text: "" }])}
          >
            <Plus size={15} aria-hidden />
            {t("macros.add")}
          </Button>
          <Button look="quiet" onClick={() => setLines(numbered(BROUGHT[language]))}>
            {t("macros.restore")}
          </Button>
          <i />
          <Button onClick={onClose}>{t("macros.cancel")}</Button>
          <Button type="submit" look="primary" disabled={save.isPending} data-testid="macros-save">
            {t(save.isPending ? "macros.saving" : "macros.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface LineProps {
  line: Line;
  language: Language;
  fault: Fault | undefined;
  onChange: (part: Partial<Macro>) => void;
  onRemove: () => void;
}

function EditedLine({ line, language, fault, onChange, onRemove }: LineProps) {
  const { t } = useTranslation();
  const id = useId();
  const ofText = fault === "text";
  return (
    <li>
      <input
        value={line.name}
        maxLength={LONGEST_NAME + 1}
        aria-label={t("macros.name")}
        placeholder={t("macros.name")}
        aria-invalid={fault !== undefined && !ofText}
        aria-describedby={fault && !ofText ? id : undefined}
        autoComplete="off"
        spellCheck={false}
        data-testid="macro-name"
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <textarea
        value={line.text}
        rows={Math.min(4, line.text.split("\n").length)}
        maxLength={LONGEST_TEXT}
        lang={language}
        aria-label={t("macros.text")}
        placeholder={t("macros.text")}
        aria-invalid={ofText}
        aria-describedby={ofText ? id : undefined}
        data-testid="macro-text"
        onChange={(event) => onChange({ text: event.target.value })}
      />
      <IconButton label={t("macros.remove", { name: line.name })} onClick={onRemove}>
        <X size={15} aria-hidden />
      </IconButton>
      {fault && (
        <small id={id} role="alert">
          {t(`macros.fault.${fault}`)}
        </small>
      )}
    </li>
  );
}

const numbered = (macros: readonly Macro[]): Line[] => macros.map((macro, key) => ({ ...macro, key }));
const nextKey = (lines: readonly Line[]) => Math.max(-1, ...lines.map(({ key }) => key)) + 1;
const same = (one: readonly Macro[], other: readonly Macro[]) =>
  JSON.stringify(one) === JSON.stringify(other);
