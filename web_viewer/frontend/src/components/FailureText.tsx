import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { addWords } from "../lib/i18n";
import { en, ko } from "../lib/locales/failure";
import type { StudyFailure } from "../lib/model";

addWords({ en: { failure: en }, ko: { failure: ko } });

interface FailureProps {
  failure: StudyFailure;
  advised?: boolean; // says what to do next, too
}

/** Why a step of a study failed, in the reader's language. */
export default function FailureText({ failure, advised = false }: FailureProps) {
  const { t } = useTranslation();
  return <>{advised ? adviceText(t, failure) : failureText(t, failure)}</>;
}

/** Return why a step failed; a code that this viewer does not know yet is shown as it is. */
export function failureText(t: TFunction, { code, parameters }: StudyFailure): string {
  const slots: Record<string, unknown> = parameters;
  return code in en.said ? t(`failure.said.${code}`, slots) : code;
}

/** Return why a step failed and what to do next. */
export function adviceText(t: TFunction, failure: StudyFailure): string {
  const next = failure.code in en.next ? t(`failure.next.${failure.code}`) : "";
  return `${failureText(t, failure).replace(/[.]$/, "")}. ${next}`.trim();
}
