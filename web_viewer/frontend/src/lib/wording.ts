/** Codes of the service in the reader's language. */

import i18next, { type TFunction } from "i18next";
import { en } from "./locales/en";
import type { Unread } from "./model";

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

/** Return why an image was not read, in the reader's language, with the detail that a technician needs. */
export function unreadText(t: TFunction, unread: Unread): string {
  const words = i18next.getResourceBundle(i18next.language, "translation") as { terms?: typeof en.terms };
  const terms = words.terms ?? {};
  const slots = Object.entries(unread.parameters).map(([name, value]) => [name, terms[value] ?? value]);
  const said = t(`unread.reason.${unread.code}`, Object.fromEntries(slots));
  return unread.code === "unreadable" && unread.parameters.detail
    ? `${said}: ${unread.parameters.detail}`
    : said;
}

/** Return several reasons in one line. */
export const unreadTexts = (t: TFunction, unread: readonly Unread[]): string =>
  unread.map((each) => unreadText(t, each)).join("; ");
