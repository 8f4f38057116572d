import { useTranslation } from "react-i18next";
import type { StudySummary } from "../lib/model";
import { patientAge, personName, studyMoment } from "../lib/patient";
import { sexText } from "../lib/wording";
import style from "./viewerPage.module.css";

/** Who is on the image, and when it was taken. */
export function PatientLine({ summary }: { summary: StudySummary }) {
  const { t, i18n } = useTranslation();
  const age = patientAge(summary);
  const sex = sexText(t, summary.patient_sex);
  const rest = [
    summary.patient_id,
    sex,
    age && t(`age.${age.unit}`, { count: age.count }),
    studyMoment(summary.study_date, summary.study_time),
    summary.study_description,
  ];
  return (
    <div className={style.patient}>
      <h1>{personName(summary.patient_name, i18n.language) || t("worklist.noName")}</h1>
      <span>{rest.filter(Boolean).join(" · ")}</span>
    </div>
  );
}
