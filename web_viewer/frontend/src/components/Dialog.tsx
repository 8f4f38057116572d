import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import style from "./controls.module.css";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog of the browser's own: focus, Escape and the inert page come with it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={style.dialog} onClose={onClose} aria-label={title}>
      <div className={style.dialogHead}>
        <h2>{title}</h2>
        <IconButton label={t("app.close")} onClick={onClose}>
          <X size={18} aria-hidden />
        </IconButton>
      </div>
      <div className={style.dialogBody}>{children}</div>
    </dialog>
  );
}
