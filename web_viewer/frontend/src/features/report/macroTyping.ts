/** Expands macros in the text fields below an element while their reader types. */

import { blankIn, calledAt, type Macro, type Replacement } from "./macros";

/** Replace a part of a field as typing would: it can be undone, and whoever listens to the field hears of it. */
export function typeOver(field: HTMLTextAreaElement, { start, end, text }: Replacement): void {
  field.focus();
  field.setSelectionRange(start, end);
  if (!document.execCommand?.("insertText", false, text)) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
  }
  const blank = blankIn(field.value, start, start + text.length);
  if (blank) field.setSelectionRange(...blank);
}

/** Return whether this is a field of the report that may be changed; those of a dialog are not the report's. */
export const writable = (target: EventTarget | null): target is HTMLTextAreaElement =>
  target instanceof HTMLTextAreaElement && !target.readOnly && !target.closest("dialog");

/** Listen below `root` until the returned function is called; `macros` is asked at every key. */
export function expandBelow(root: HTMLElement, macros: () => readonly Macro[]): () => void {
  let expanding = false;
  const onInput = (event: Event) => {
    const field = event.target;
    if (expanding || !writable(field) || !(event instanceof InputEvent)) return;
    if (!event.inputType.startsWith("insert") || !event.data?.endsWith(" ")) return;
    const call = calledAt(field.value, field.selectionStart - 1, macros());
    if (!call) return;
    expanding = true;
    typeOver(field, { ...call, end: call.end + 1 });
    expanding = false;
  };
  const onKey = (event: KeyboardEvent) => {
    const field = event.target;
    const plain = !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing);
    if (event.key !== "Tab" || !plain || !writable(field)) return;
    const call = calledAt(field.value, field.selectionStart, macros());
    const blank = call ? null : blankIn(field.value, field.selectionEnd);
    if (!call && !blank) return; // on to the next field, as ever
    event.preventDefault();
    if (call) typeOver(field, call);
    else if (blank) field.setSelectionRange(...blank);
  };
  root.addEventListener("input", onInput);
  root.addEventListener("keydown", onKey);
  return () => {
    root.removeEventListener("input", onInput);
    root.removeEventListener("keydown", onKey);
  };
}
