/** The viewer's own words, in English and Korean. */

import i18next, { type TFunction } from "i18next";
import { useSyncExternalStore } from "react";
import { initReactI18next } from "react-i18next";
import type { en as admin } from "./locales/admin";
import { en } from "./locales/en";
import type { en as failure } from "./locales/failure";
import type { en as help } from "./locales/help";
import type { en as macros } from "./locales/macros";
import type { en as presence } from "./locales/presence";
import type { en as statement } from "./locales/statement";
import type { en as threshold } from "./locales/threshold";

export type Language = "en" | "ko";
const KEY = "kidray.language";

/** Words that come with a part of the viewer that is loaded when it is needed; see `addWords`. */
type Later = {
  admin: typeof admin;
  failure: typeof failure;
  help: typeof help;
  macros: typeof macros;
  presence: typeof presence;
  statement: typeof statement;
  threshold: typeof threshold;
};

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en & Later };
  }
}

/** Fetch the words of a language unless they are here; English always is. */
async function fetchWords(language: Language): Promise<void> {
  if (language === "en") return;
  const { ko } = await import("./locales/ko");
  i18next.addResourceBundle(language, "translation", ko, true);
}

/** Add the words that a part of the viewer brings with it. */
export function addWords(words: Record<Language, Partial<Record<keyof Later, object>>>): void {
  for (const [language, said] of Object.entries(words)) {
    i18next.addResourceBundle(language, "translation", said, true);
  }
}

async function speak(language: Language): Promise<void> {
  await fetchWords(language);
  await i18next.changeLanguage(language);
}

const chosen = () => localStorage.getItem(KEY) as Language | null;

interface Words {
  t: TFunction;
  language: Language;
}

const listeners = new Set<() => void>();
let words = wordsOf("en");

/** Return what says a language's words, each looked up once unless something is filled into it. */
function wordsOf(language: Language): Words {
  const known = new Map<string, string>();
  const say = (key: string, filled?: Record<string, unknown>): string => {
    if (filled) return i18next.t(key as "app.loading", filled);
    const word = known.get(key) ?? i18next.t(key as "app.loading");
    known.set(key, word);
    return word;
  };
  return { t: say as TFunction, language };
}

function listen(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

i18next.on("languageChanged", (language) => {
  document.documentElement.lang = language;
  words = wordsOf(language as Language);
  for (const tell of listeners) tell();
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

/** `useTranslation` for the parts of a row, of which hundreds come every second while a long list is scrolled. */
export const useWords = (): Words => useSyncExternalStore(listen, () => words);

/** Take the service's language unless this reader chose one. */
export function followService(language: Language): void {
  if (!chosen() && i18next.language !== language) void speak(language);
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  void speak(language);
}
