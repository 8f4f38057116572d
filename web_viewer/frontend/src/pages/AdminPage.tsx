import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { AppHeader } from "../components/AppHeader";
import { Failure } from "../components/Failure";
import { Notice } from "../components/Notice";
import { AuditTail } from "../features/admin/AuditTail";
import style from "../features/admin/admin.module.css";
import { adminQuery } from "../features/admin/adminApi";
import { DeadLetters } from "../features/admin/DeadLetters";
import { Destinations } from "../features/admin/Destinations";
import { Foundations, Models } from "../features/admin/Foundations";
import { Pulse } from "../features/admin/Pulse";
import { Queues, Steps } from "../features/admin/Queues";
import { ApiError } from "../lib/api";
import { addWords } from "../lib/i18n";
import { en, ko } from "../lib/locales/admin";
import { clockText } from "../lib/quantity";
import { useMay } from "../lib/session";
import { BackLink } from "./BackLink";
import page from "./worklistPage.module.css";

addWords({ en: { admin: en }, ko: { admin: ko } });

/** `/admin`: how the service does, for whoever runs it. */
export default function AdminPage() {
  const { t } = useTranslation();
  const mayRead = useMay("reader");
  const { data: state, error, refetch } = useQuery(adminQuery);
  useEffect(() => {
    document.title = "Kidray admin";
  }, []);
  const forbidden = error instanceof ApiError && error.status === 403;
  return (
    <div className={page.page}>
      <AppHeader>
        {mayRead && <BackLink />}
        <h1 className={page.brand}>{t("admin.title")}</h1>
        {state && (
          <span className={page.place} data-testid="as-of">
            {t("admin.asOf", { time: clockText(state.at), version: state.version })}
          </span>
        )}
      </AppHeader>
      <main className={page.main}>
        <div className={page.top}>
          {forbidden && <Notice tone="caution">{t("admin.notYours")}</Notice>}
          {error && !forbidden && <Failure error={error} onRetry={() => void refetch()} />}
          {!state && !error && <Notice>{t("app.loading")}</Notice>}
          {state && <Pulse state={state} />}
        </div>
        {state && (
          <div className={style.grid}>
            <Queues queues={state.queues} />
            <Steps steps={state.steps} />
            <Destinations destinations={state.destinations} />
            <DeadLetters state={state} />
            <Foundations state={state} />
            <Models models={state.models} />
            <AuditTail trouble={state.audit_trouble} mayRead={mayRead} />
          </div>
        )}
      </main>
    </div>
  );
}
