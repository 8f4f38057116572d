import type { ComponentProps } from "react";
import style from "./controls.module.css";

type ButtonProps = ComponentProps<"button"> & { look?: "plain" | "primary" | "quiet"; small?: boolean };

export function Button({ look = "plain", small, className, type = "button", ...rest }: ButtonProps) {
  const names = [style.button, look !== "plain" && style[look], small && style.small, className];
  return <button type={type} className={names.filter(Boolean).join(" ")} {...rest} />;
}

/** A button whose face is an icon; `label` is its name for everyone, shown on hover. */
export function IconButton({ label, className, ...rest }: ButtonProps & { label: string }) {
  return (
    <Button
      aria-label={label}
      title={label}
      look="quiet"
      className={[style.square, className].filter(Boolean).join(" ")}
      {...rest}
    />
  );
}
