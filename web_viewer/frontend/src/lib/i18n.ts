/** The viewer's own words, in English and Korean. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./locales/en";

export type Language = "en" | "ko";
const KEY = "kidray.language";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

/** Fetch the words of a language unless they are here; English always is. */
async function fetchWords(language: Language): Promise<void> {
  if (language === "en" || i18next.hasResourceBundle(language, "translation")) return;
  const { ko } = await import("./locales/ko");
  i18next.addResourceBundle(language, "translation", ko);
}

async function speak(language: Language): Promise<void> {
  await fetchWords(language);
  await i18next.changeLanguage(language);
}

const chosen = () => localStorage.getItem(KEY) as Language | null;

i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
});

void i18next.use(initReactI18next).init({
  resources: { en: { translation: en } },
  lng: "en",
  fallbackLng: "en",
  interpolation: { escapeValue: false }, // React escapes
  initAsync: false,
});

/** Settled once the reader's own language can be spoken. */
export const wordsReady: Promise<void> = speak(chosen() ?? "en").catch(() => undefined);

/** Take the service's language unless this reader chose one. */
export function followService(language: Language): void {
  if (!chosen() && i18next.language !== language) void speak(language);
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  void speak(language);
}
