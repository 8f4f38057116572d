/** The name under which the person at this workstation reads; remembered on it. */

import { create } from "zustand";

const KEY = "kidray.reader";

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
