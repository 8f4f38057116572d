import type { PriorStudy } from "../../lib/model";
import { studyMoment } from "../../lib/patient";

type Translate = (key: "viewer.prior" | "viewer.priorUndated", values?: { date: string }) => string;

/** Name a prior by its date, so that nobody takes it for the study that is being read. */
export function priorTitle({ study_date }: Pick<PriorStudy, "study_date">, t: Translate): string {
  const date = studyMoment(study_date, "");
  return date ? t("viewer.prior", { date }) : t("viewer.priorUndated");
}
