import { type RefObject, useEffect, useRef, useState } from "react";

export const NEW = "new"; // a finding that is not in the list yet

export interface Editing {
  what: string | null; // a finding's id, or `NEW`
  turn: (what: string) => void; // open its editor, or close it
  close: (findingId: string) => void;
}

/** Which finding's editor is open: one at a time. The focus goes back to where it was opened, wherever that is now. */
export function useEditing(list: RefObject<HTMLElement | null>): Editing {
  const [what, setWhat] = useState<string | null>(null);
  const left = useRef<string[]>([]);
  useEffect(() => {
    if (what !== null) return;
    // A finding that was kept just now stands elsewhere a moment later.
    const timer = setTimeout(() => {
      const openers = left.current.map((one) =>
        list.current?.querySelector<HTMLElement>(`[data-edit="${CSS.escape(one)}"]`),
      );
      openers.find((opener) => opener)?.focus();
      left.current = [];
    });
    return () => clearTimeout(timer);
  }, [what, list]);
  const close = (findingId: string) => {
    left.current = [findingId, NEW];
    setWhat(null);
  };
  return { what, turn: (wanted) => (what === wanted ? close(wanted) : setWhat(wanted)), close };
}
