/** Dark for the reading room, light for the office; remembered on this workstation. */

import { create } from "zustand";

export const THEMES = ["dark", "light", "system"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "kidray.theme"; // also read by public/theme.js, before anything is drawn

function kept(): Theme {
  const found = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === found) ?? "dark";
}

interface ThemeChoice {
  theme: Theme;
  choose: (theme: Theme) => void;
}

export const useTheme = create<ThemeChoice>((set) => ({
  theme: kept(),
  choose: (theme) => {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
    set({ theme });
  },
}));
