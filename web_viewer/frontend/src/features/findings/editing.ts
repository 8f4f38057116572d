import { type RefObject, useEffect, useRef, useState } from "react";

export const NEW = "new"; // a finding that is not in the list yet

export interface Editing {
  what: string | null; // a finding's id, or `NEW`
  turn: (what: string) => void; // open its editor, or close it
  close: (findingId: string) => void;
}

/** Which finding's editor is open: one at a time. The focus goes back to what opens it, wherever that stands now. */
export function useEditing(list: RefObject<HTMLElement | null>): Editing {
  const [what, setWhat] = useState<string | null>(null);
  const left = useRef<string | null>(null);
  useEffect(() => {
    const now = document.activeElement;
    const elsewhere = now !== null && now !== document.body && !now.hasAttribute("data-edit");
    if (what !== null || left.current === null || elsewhere) return;
    const opener = (of: string) =>
      list.current?.querySelector<HTMLElement>(`[data-edit="${CSS.escape(of)}"]`);
    (opener(left.current) ?? opener(NEW))?.focus();
  }); // each time: a finding that was kept stands elsewhere a moment later
  const close = (findingId: string) => {
    left.current = findingId;
    const forget = () => {
      left.current = null; // from then on the reader moves the focus
    };
    for (const kind of ["keydown", "pointerdown"])
      window.addEventListener(kind, forget, { once: true, capture: true });
    setWhat(null);
  };
  return { what, turn: (wanted) => (what === wanted ? close(wanted) : setWhat(wanted)), close };
}
