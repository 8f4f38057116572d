/** The name under which the person at this workstation reads; remembered on it. */

import { create } from "zustand";

const KEY = "kidray.reader";

/** What stands for a reader who has not said who they are, until the signature does. */
export const UNNAMED = "unnamed reader";

interface ReaderName {
  name: string;
  setName: (name: string) => void;
}

export const useReader = create<ReaderName>((set) => ({
  name: localStorage.getItem(KEY) ?? "",
  setName: (name) => {
    localStorage.setItem(KEY, name);
    set({ name });
  },
}));
