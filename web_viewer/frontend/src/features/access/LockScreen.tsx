import { onlineManager } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { ApiError } from "../../lib/api";
import { noteEnd, unlockNextPage, useLock } from "../../lib/lock";
import type { Session } from "../../lib/model";
import { beginSession, endSession, useSession } from "../../lib/session";
import style from "./access.module.css";

interface LockProps {
  how: Session["how"];
  onUnlock: () => void;
}

/** Covers everything until whoever it was is back. */
export function LockScreen({ how, onUnlock }: LockProps) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useSession()?.name.replace("^", " ");
  useEffect(() => {
    const element = dialog.current;
    if (!element) return;
    const open = () => {
      if (!element.open) element.showModal();
    };
    open();
    element.addEventListener("close", open); // Escape closes a dialog, whatever it is told
    return () => element.removeEventListener("close", open);
  }, []);
  useEffect(() => {
    if (how === "loopback") return;
    onlineManager.setOnline(false); // nothing is asked for any more until somebody is back
    useLock.getState().setLocked(true); // of a session that has ended by itself too: in every tab
    void endSession().then(noteEnd, noteUnlessThere);
  }, [how]);
  return (
    <dialog
      ref={dialog}
      className={style.lock}
      aria-label={t("access.locked")}
      data-testid="lock-screen"
      onCancel={(event) => event.preventDefault()}
    >
      <Lock size={26} aria-hidden />
      <h2>{t("access.locked")}</h2>
      <p>{name ? t("access.lockedFor", { name }) : t("access.lockedWhy")}</p>
      {how === "loopback" && (
        <Button look="primary" onClick={onUnlock} data-testid="unlock">
          {t("access.continue")}
        </Button>
      )}
      {how === "password" && <ByPassword onUnlock={onUnlock} />}
      {(how === "openid" || how === "smart") && <AtProvider />}
    </dialog>
  );
}

/** A session that cannot be ended because it is no more has ended; whatever else went wrong, it may be there. */
function noteUnlessThere(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) noteEnd();
}

function ByPassword({ onUnlock }: { onUnlock: () => void }) {
  const { t } = useTranslation();
  const login = useSession()?.subject ?? "";
  const [password, setPassword] = useState("");
  const [trouble, setTrouble] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await beginSession(login, password);
      onUnlock();
    } catch (error) {
      setPassword("");
      setTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form onSubmit={submit}>
      <input
        type="password"
        value={password}
        aria-label={t("access.password")}
        placeholder={t("access.password")}
        autoComplete="current-password"
        onChange={(event) => setPassword(event.target.value)}
      />
      <Button type="submit" look="primary" disabled={password === ""} data-testid="unlock">
        {t("access.unlock")}
      </Button>
      {trouble && <p role="alert">{trouble}</p>}
    </form>
  );
}

function AtProvider() {
  const { t } = useTranslation();
  const here = window.location.pathname + window.location.search;
  const again = new URLSearchParams({ next: here, again: "true" });
  return (
    <>
      <a className={style.again} href={`/login?${again}`} onClick={unlockNextPage} data-testid="unlock">
        {t("access.logInAgain")}
      </a>
      <p>{t("access.kept")}</p>
    </>
  );
}
