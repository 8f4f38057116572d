/** Codes of the service in the reader's language. */

import type { TFunction } from "i18next";
import { en } from "./locales/en";

/** Return a name as it stands inside a sentence: "Air-fluid levels" as "air-fluid levels". */
export const midSentence = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Return where in the abdomen; a region this viewer does not know yet is shown by its code. */
export function regionText(t: TFunction, region: string): string {
  return region in en.region ? t(`region.${region as keyof typeof en.region}`) : region.replaceAll("_", " ");
}

/** Return the patient's sex (DICOM CS) in a word; nothing where it is not stated. */
export function sexText(t: TFunction, sex: string): string {
  return sex in en.sex ? t(`sex.${sex as keyof typeof en.sex}`) : "";
}

/** Return the step at which a study failed. */
export function stageText(t: TFunction, stage: string): string {
  return stage in en.stage ? t(`stage.${stage as keyof typeof en.stage}`) : stage;
}
