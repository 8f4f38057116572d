import type { ReactNode } from "react";
import style from "./controls.module.css";

interface NoticeProps {
  tone?: "plain" | "caution" | "critical";
  children: ReactNode;
  actions?: ReactNode;
}

export function Notice({ tone = "plain", children, actions }: NoticeProps) {
  return (
    <div className={style.notice} data-tone={tone} role={tone === "plain" ? "status" : "alert"}>
      <span className={style.noticeText}>{children}</span>
      {actions}
    </div>
  );
}
