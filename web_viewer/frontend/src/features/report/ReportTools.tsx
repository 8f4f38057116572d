import { useQuery } from "@tanstack/react-query";
import { FileDown, Printer } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import controls from "../../components/controls.module.css";
import { addWords } from "../../lib/i18n";
import { en, ko } from "../../lib/locales/macros";
import type { Report } from "../../lib/model";
import { clockText } from "../../lib/quantity";
import { studyQuery } from "../../lib/queries";
import { LanguageSwitch } from "./LanguageSwitch";
import { MacroMenu } from "./MacroMenu";
import { expandBelow } from "./macroTyping";
import style from "./report.module.css";
import { useMacros } from "./useMacros";

addWords({ en: { macros: en }, ko: { macros: ko } });

interface ToolsProps {
  studyUid: string;
  report: Report;
  edited: boolean; // whether words are on the screen that are not saved
  open: boolean; // whether the report may be changed now
  panel: RefObject<HTMLElement | null>; // where the text fields are
}

/** Macros, print and PDF: what the report needs once it is there. */
export default function ReportTools({ studyUid, report, edited, open, panel }: ToolsProps) {
  const { t } = useTranslation();
  const { macros } = useMacros(report.language);
  const latest = useRef(macros);
  latest.current = macros;
  useEffect(() => (panel.current ? expandBelow(panel.current, () => latest.current) : undefined), [panel]);
  const small = `${controls.button} ${controls.quiet} ${controls.small}`;
  return (
    <>
      {open && <MacroMenu language={report.language} panel={panel} />}
      {open && <LanguageSwitch studyUid={studyUid} report={report} edited={edited} />}
      <span className={style.outlets}>
        <Button small look="quiet" data-testid="report-print" onClick={() => window.print()}>
          <Printer size={14} aria-hidden />
          {t("macros.print")}
        </Button>
        <a
          className={small}
          href={`/api/studies/${studyUid}/report.pdf`}
          target="_blank"
          rel="noreferrer"
          title={t(edited ? "macros.pdfUnsaved" : "macros.pdfSaved")}
          data-testid="report-pdf"
        >
          <FileDown size={14} aria-hidden />
          {t("macros.pdf")}
        </a>
      </span>
      <PrintedLine studyUid={studyUid} version={report.version} edited={edited} />
    </>
  );
}

interface PrintedProps {
  studyUid: string;
  version: number;
  edited: boolean;
}

/** On paper only: of which study this is, when it was printed, and whether it says what is saved. */
function PrintedLine({ studyUid, version, edited }: PrintedProps) {
  const { t } = useTranslation();
  const known = useQuery({ ...studyQuery(studyUid), enabled: false }).data; // as the page has it
  const accession = known?.summary?.accession_number;
  const [at, setAt] = useState(() => new Date());
  useEffect(() => {
    const note = () => flushSync(() => setAt(new Date()));
    window.addEventListener("beforeprint", note);
    return () => window.removeEventListener("beforeprint", note);
  }, []);
  return (
    <p className={style.printed} data-testid="printed-line">
      {accession && `${t("viewer.accession")} ${accession}. `}
      {t("macros.printed", { at: clockText(at.toISOString()), version })}
      {edited && `, ${t("macros.printedUnsaved")}`}
      {". "}
      <b>{t("app.disclaimer")}</b>
    </p>
  );
}
