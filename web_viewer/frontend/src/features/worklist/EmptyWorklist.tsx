import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { serviceQuery } from "../../lib/queries";
import style from "./empty.module.css";

/** Teaches how the first study comes in. */
export function EmptyWorklist() {
  const { t } = useTranslation();
  const service = useQuery(serviceQuery).data;
  const title = service?.ae_title ?? "KIDRAY";
  const port = service?.dicom_port ?? 11112;
  const host = window.location.hostname;
  return (
    <section className={style.empty} data-testid="worklist-empty">
      <h2>{t("empty.title")}</h2>
      <p>{t("empty.lead")}</p>
      <dl className={style.address}>
        <dt>{t("empty.ae")}</dt>
        <dd>{title}</dd>
        <dt>{t("empty.port")}</dt>
        <dd>
          {host}:{port}
        </dd>
      </dl>
      <Command title={t("empty.echo")} line={`echoscu -aec ${title} ${host} ${port}`} />
      <Command title={t("empty.byHand")} line={`storescu -aec ${title} ${host} ${port} abdomen.dcm`} />
      <Command title={t("empty.demo")} line="kidray phantom --out phantoms --count 10 --seed 1" />
    </section>
  );
}

function Command({ title, line }: { title: string; line: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(line);
    setCopied(true);
  };
  return (
    <div className={style.command}>
      <h3>{title}</h3>
      <div>
        <code>{line}</code>
        {navigator.clipboard && (
          <Button small look="quiet" onClick={copy}>
            {copied ? t("empty.copied") : t("empty.copy")}
          </Button>
        )}
      </div>
    </div>
  );
}
