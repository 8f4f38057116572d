import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import { getMacros, putMacros } from "../../lib/api";
import type { Language } from "../../lib/i18n";
import type { Macros } from "../../lib/model";
import { useSession } from "../../lib/session";
import { BROUGHT } from "./broughtMacros";
import type { Macro } from "./macros";

const KEY = "kidray.macros";
const NONE: Macros = { en: null, ko: null };

const macrosQuery = (subject: string) =>
  queryOptions({
    queryKey: ["macros", subject],
    queryFn: ({ signal }) => getMacros(signal),
    enabled: subject !== "",
  });

/** What is kept in this browser, where nobody logs in. */
const useBrowsersOwn = create<Macros>(() => readMacros(localStorage.getItem(KEY)));

/** The reader's macros for reports in one language, wherever they are kept. */
export function useMacros(language: Language) {
  const session = useSession();
  const subject = session?.subject ?? "";
  const queryClient = useQueryClient();
  const { queryKey } = macrosQuery(subject);
  const kept = useQuery(macrosQuery(subject)).data;
  const browsers = useBrowsersOwn();
  const own = (subject ? (kept ?? NONE) : browsers)[language];
  const keep = async (macros: Macro[] | null) => {
    if (subject) {
      queryClient.setQueryData(queryKey, await putMacros(language, { macros }));
    } else {
      const all = { ...useBrowsersOwn.getState(), [language]: macros };
      localStorage.setItem(KEY, JSON.stringify(all));
      useBrowsersOwn.setState(all);
    }
  };
  // Before it is known what the reader has, what the viewer brings stands in for it.
  const known = session !== undefined && (subject === "" || kept !== undefined);
  return { macros: own ?? BROUGHT[language], known, keep };
}

/** Return the macros of a text that was kept; what is none is left out. */
export function readMacros(text: string | null): Macros {
  const found = parsed(text);
  return { en: listed(found?.en), ko: listed(found?.ko) };
}

function parsed(text: string | null): Partial<Record<Language, unknown>> | null {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return null;
  }
}

function listed(value: unknown): Macro[] | null {
  return Array.isArray(value) ? value.filter(isMacro) : null;
}

function isMacro(value: unknown): value is Macro {
  const { name, text } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && typeof text === "string";
}
