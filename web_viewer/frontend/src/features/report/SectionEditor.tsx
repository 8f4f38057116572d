import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useFindingTable } from "../../lib/findingNames";
import type { Finding, Report, Sentence } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import style from "./report.module.css";
import { lineAt, linkedLines, type Section } from "./reportText";

interface EditorProps {
  section: Section;
  text: string;
  sentences: readonly Sentence[];
  findings: readonly Finding[];
  language: Report["language"];
  doubted: readonly string[]; // sentences that something was objected to
  readOnly: boolean;
  onWrite: (text: string) => void;
}

/**
 * One section as plain text, one sentence a line.
 *
 * A copy of the text lies behind it: it gives the field its height, and marks the sentences that rest on a
 * finding with the finding's colour.
 */
export function SectionEditor({
  section,
  text,
  sentences,
  findings,
  language,
  doubted,
  readOnly,
  onWrite,
}: EditorProps) {
  const { t } = useTranslation();
  const { colorOf } = useFindingTable();
  const selected = useOverlay((state) => state.selected);
  const id = useId();
  const lines = linkedLines(text, sentences);
  const labelOf = (findingId: string | undefined) =>
    findings.find((finding) => finding.id === findingId && finding.presence !== "absent")?.label;

  const follow = (caret: number) => {
    const finding = lines[lineAt(text, caret)]?.findingIds.find(labelOf);
    if (finding) useOverlay.getState().select(finding);
  };

  return (
    <div className={style.section}>
      <label htmlFor={id}>
        {t(`report.${section}`)}
        {!readOnly && <small>{t("report.perLine")}</small>}
      </label>
      <div className={style.field}>
        <div className={style.mirror} aria-hidden>
          {lines.map((line, index) => {
            const label = labelOf(line.findingIds[0]);
            return (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place in the text
                key={index}
                className={style.line}
                data-doubted={doubted.includes(line.text.trim())}
                data-lit={selected !== null && line.findingIds.includes(selected)}
                style={{ borderColor: label ? colorOf(label) : "transparent" }}
              >
                {line.text || "\u200b"}
              </div>
            );
          })}
        </div>
        <textarea
          id={id}
          value={text}
          readOnly={readOnly}
          lang={language}
          spellCheck={false}
          rows={1}
          data-testid={`report-${section}`}
          onChange={(event) => onWrite(event.target.value)}
          onClick={(event) => follow(event.currentTarget.selectionStart)}
        />
      </div>
    </div>
  );
}
