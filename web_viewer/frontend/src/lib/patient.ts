/** DICOM's person names, ages, dates and times in a reader's words. */

import type { StudySummary } from "./model";

/** Return a PN (PS3.5 6.2) as "Family, Given"; the ideographic group where the language prefers it. */
export function personName(pn: string, language: string): string {
  const [alphabetic = "", ideographic = ""] = pn.split("=");
  if (language === "ko" && ideographic) return ideographic.replaceAll("^", "").trim();
  const [family = "", given = "", middle = ""] = (alphabetic || ideographic).split("^");
  const rest = [given, middle].filter(Boolean).join(" ");
  return [family, rest].filter(Boolean).join(", ");
}

export interface Age {
  count: number;
  unit: "day" | "week" | "month" | "year";
}

const UNITS = { D: "day", W: "week", M: "month", Y: "year" } as const;

/** Return the age from an AS such as `003M`, else from the dates of birth and study; null if neither tells. */
export function patientAge(
  summary: Pick<StudySummary, "patient_age" | "patient_birth_date" | "study_date">,
): Age | null {
  const match = /^(\d{3})([DWMY])$/.exec(summary.patient_age.trim());
  if (match) return { count: Number(match[1]), unit: UNITS[match[2] as keyof typeof UNITS] };
  const born = daDate(summary.patient_birth_date);
  const studied = daDate(summary.study_date);
  if (!born || !studied || studied < born) return null;
  const days = Math.floor((studied.getTime() - born.getTime()) / 86_400_000);
  if (days < 28) return { count: days, unit: "day" };
  let months = (studied.getFullYear() - born.getFullYear()) * 12 + studied.getMonth() - born.getMonth();
  if (studied.getDate() < born.getDate()) months -= 1;
  return months < 24
    ? { count: Math.max(months, 0), unit: "month" }
    : { count: Math.floor(months / 12), unit: "year" };
}

/** Return a DA (YYYYMMDD) as a local date, or null. */
export function daDate(da: string): Date | null {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(da.trim());
  if (!match) return null;
  return new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
}

/** Return "YYYY-MM-DD HH:MM" from a DA and a TM, as far as they are known. */
export function studyMoment(da: string, tm: string): string {
  const date = /^(\d{4})(\d{2})(\d{2})/.exec(da.trim());
  const time = /^(\d{2})(\d{2})/.exec(tm.trim());
  return [date && `${date[1]}-${date[2]}-${date[3]}`, date && time && `${time[1]}:${time[2]}`]
    .filter(Boolean)
    .join(" ");
}
