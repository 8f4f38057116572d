import type { ComponentProps } from "react";
import { navigate } from "../lib/location";

/** A link within the viewer: no page load, and still a link for every other click. */
export function Link({ to, onClick, ...rest }: ComponentProps<"a"> & { to: string }) {
  return (
    <a
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        navigate(to);
      }}
      {...rest}
    />
  );
}
