/** The viewer's own words, in English and Korean. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./locales/en";
import { ko } from "./locales/ko";

export type Language = "en" | "ko";
const KEY = "kidray.language";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const chosen = () => localStorage.getItem(KEY) as Language | null;

i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
});

void i18next.use(initReactI18next).init({
  resources: { en: { translation: en }, ko: { translation: ko } },
  lng: chosen() ?? "en",
  fallbackLng: "en",
  interpolation: { escapeValue: false }, // React escapes
  initAsync: false,
});

/** Take the service's language unless this reader chose one. */
export function followService(language: Language): void {
  if (!chosen() && i18next.language !== language) void i18next.changeLanguage(language);
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  void i18next.changeLanguage(language);
}
