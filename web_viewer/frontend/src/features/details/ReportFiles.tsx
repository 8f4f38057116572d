import { useTranslation } from "react-i18next";
import type { StudyRecord } from "../../lib/model";
import style from "./details.module.css";

const FORMS = [
  ["PDF", "report.pdf"],
  ["FHIR R5", "report.fhir?version=R5"],
  ["FHIR R4", "report.fhir?version=R4"],
  ["HL7 v2", "report.hl7"],
] as const;

/** The newest report version as files for other systems; a draft says in each of them that it is one. */
export function ReportFiles({ record }: { record: StudyRecord }) {
  const { t } = useTranslation();
  if (!record.draft) return null;
  return (
    <>
      <h2>{t("documents.title")}</h2>
      <ul className={style.files}>
        {FORMS.map(([name, path]) => (
          <li key={path}>
            <a href={`/api/studies/${record.study_uid}/${path}`} target="_blank" rel="noreferrer">
              {name}
            </a>
          </li>
        ))}
      </ul>
      {!record.draft.signature && <p>{t("documents.draft")}</p>}
    </>
  );
}
