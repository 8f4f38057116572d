import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import FailureText from "../../components/FailureText";
import type { AdminState } from "../../lib/model";
import style from "./admin.module.css";
import { adminQuery, replay } from "./adminApi";
import { jobName } from "./Queues";

/** Jobs that were given up, and the way to have them tried again. */
export function DeadLetters({ state }: { state: AdminState }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const again = useMutation({
    mutationFn: replay,
    onSettled: () => queryClient.invalidateQueries({ queryKey: adminQuery.queryKey }),
  });
  return (
    <section className={style.card} data-testid="dead-letters">
      <h2>
        {t("admin.dead")}
        {state.dead_total > 0 && (
          <Button
            small
            disabled={again.isPending}
            data-testid="replay-all"
            onClick={() => again.mutate(null)}
          >
            <RotateCw size={13} aria-hidden />
            {t("admin.replayAll")}
          </Button>
        )}
      </h2>
      <p role="status">
        {again.data && t("admin.replayed", { count: again.data.count })}
        {again.error && <em>{again.error.message}</em>}
      </p>
      {state.dead_total === 0 && <p>{t("admin.deadNone")}</p>}
      {state.dead_total > 0 && (
        <ul className={style.lines}>
          {state.dead.map((letter) => (
            <li key={letter.message_id}>
              <b>{jobName(t, letter.job)}</b>
              <span className={style.grow}>
                {letter.failure && <FailureText failure={letter.failure} advised />}
                <code>{letter.study_uid}</code>
              </span>
              <Button
                small
                look="quiet"
                disabled={again.isPending}
                onClick={() => again.mutate(letter.message_id)}
              >
                {t("admin.replay")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {state.dead_total > state.dead.length && (
        <p>{t("admin.deadMore", { shown: state.dead.length, total: state.dead_total })}</p>
      )}
    </section>
  );
}
