import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import type { AdminState } from "../../lib/model";
import style from "./admin.module.css";
import { echo } from "./adminApi";

type Destination = AdminState["destinations"][number];

/** Where results go, and whether they get there. */
export function Destinations({ destinations }: { destinations: readonly Destination[] }) {
  const { t } = useTranslation();
  return (
    <section className={style.card}>
      <h2>{t("admin.destinations")}</h2>
      {destinations.length === 0 && <p>{t("admin.destinationsNone")}</p>}
      <ul className={style.lines}>
        {destinations.map((destination) => (
          <DestinationLine key={destination.ae_title} destination={destination} />
        ))}
      </ul>
    </section>
  );
}

function DestinationLine({ destination }: { destination: Destination }) {
  const { t } = useTranslation();
  const asked = useMutation({ mutationFn: () => echo(destination.ae_title) });
  const paused = destination.pause !== null;
  const facts = [
    destination.address,
    destination.tls && "TLS",
    destination.gets.join(" "),
    destination.when === "signed" && t("admin.whenSigned"),
    t("admin.sent", { count: destination.sent }),
    destination.failed > 0 && t("admin.failed", { count: destination.failed }),
  ];
  return (
    <li data-testid="destination">
      <span className={style.mark} data-good={!paused} aria-hidden />
      <span className={style.grow}>
        <b>{destination.ae_title}</b>
        <small>{facts.filter(Boolean).join(" · ")}</small>
        <small data-bad={paused}>
          {paused
            ? t("admin.paused", {
                seconds: Math.ceil(destination.pause ?? 0),
                count: destination.failures,
                reason: destination.reason ?? "",
              })
            : t("admin.ready")}
        </small>
      </span>
      <span className={style.echo} role="status">
        {asked.data && t("admin.echoed", { ms: asked.data.milliseconds })}
        {asked.error && <em>{asked.error.message}</em>}
      </span>
      <Button small disabled={asked.isPending} onClick={() => asked.mutate()} data-testid="echo">
        {asked.isPending ? t("admin.echoing") : t("admin.echo")}
      </Button>
    </li>
  );
}
