import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Languages } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { translateReport } from "../../lib/api";
import type { Report, StudyRecord } from "../../lib/model";
import style from "./report.module.css";

const OTHER = { en: "ko", ko: "en" } as const satisfies Record<Report["language"], Report["language"]>;
const OWN_NAME = { en: "English", ko: "한국어" } as const;

interface SwitchProps {
  studyUid: string;
  report: Report;
  edited: boolean;
}

/** Has the draft written in the other language; the reader's own sentences are nobody's to translate. */
export function LanguageSwitch({ studyUid, report, edited }: SwitchProps) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const key = ["study", studyUid];
  const other = OTHER[report.language];
  const anew = useMutation({
    mutationFn: () => translateReport(studyUid, report.version, other),
    onSuccess: (written) =>
      queryClient.setQueryData<StudyRecord>(key, (record) => record && { ...record, draft: written }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: key }),
  });
  const name = t("macros.language", { language: t(`macros.languages.${other}`) });
  return (
    <>
      <Button
        small
        look="quiet"
        disabled={edited || anew.isPending}
        aria-label={`${OWN_NAME[other]}: ${name}`}
        title={`${name}. ${t(edited ? "macros.languageSave" : "macros.languageLong")}`}
        data-testid="report-language"
        onClick={() => anew.mutate()}
      >
        <Languages size={14} aria-hidden />
        <span lang={other}>{OWN_NAME[other]}</span>
      </Button>
      {anew.error && (
        <span className={style.trouble} role="alert">
          {t("macros.languageFailed", { reason: anew.error.message })}
        </span>
      )}
    </>
  );
}
