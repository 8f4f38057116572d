import { useTranslation } from "react-i18next";
import type { StudySummary } from "../lib/model";
import { patientAge, personName, studyMoment } from "../lib/patient";
import style from "./viewerPage.module.css";

const SEXES = { M: true, F: true, O: true } as const;

/** Who is on the image, and when it was taken. */
export function PatientLine({ summary }: { summary: StudySummary }) {
  const { t, i18n } = useTranslation();
  const age = patientAge(summary);
  const sex = summary.patient_sex in SEXES ? t(`sex.${summary.patient_sex as keyof typeof SEXES}`) : "";
  const rest = [
    summary.patient_id,
    sex,
    age && t(`age.${age.unit}`, { count: age.count }),
    studyMoment(summary.study_date, summary.study_time),
    summary.study_description,
  ];
  return (
    <div className={style.patient}>
      <b>{personName(summary.patient_name, i18n.language) || t("worklist.noName")}</b>
      <span>{rest.filter(Boolean).join(" · ")}</span>
    </div>
  );
}
