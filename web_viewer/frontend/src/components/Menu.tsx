import { type ReactNode, useRef } from "react";
import { Button } from "./Button";
import style from "./Menu.module.css";

interface MenuProps {
  id: string;
  button: ReactNode; // what stands on the button
  label: string; // of what it opens
  className: string | undefined;
  "data-testid": string;
  children: (close: () => void) => ReactNode;
}

/** A quiet button with a panel below it, closed by Escape, by a click elsewhere, or by what is chosen in it. */
export function Menu({ id, button, label, className = "", children, ...named }: MenuProps) {
  const panel = useRef<HTMLDivElement>(null);
  return (
    <>
      <Button look="quiet" small popoverTarget={id} {...named}>
        {button}
      </Button>
      <div
        id={id}
        ref={panel}
        popover="auto"
        className={`${style.panel} ${className}`}
        role="dialog"
        aria-label={label}
      >
        {children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}
