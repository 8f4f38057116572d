import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "../../components/Link";
import { Notice } from "../../components/Notice";
import { viewerAddress } from "../../lib/location";
import { clockText } from "../../lib/quantity";
import style from "./admin.module.css";
import { auditQuery } from "./adminApi";

/** Who saw or changed what, the newest first. */
export function AuditTail({ trouble, mayRead }: { trouble: string | null; mayRead: boolean }) {
  const { t } = useTranslation();
  const lines = useQuery(auditQuery).data ?? [];
  return (
    <section className={`${style.card} ${style.wide}`} data-testid="audit">
      <h2>{t("admin.audit")}</h2>
      {trouble && <Notice tone="critical">{t("admin.auditLost", { reason: trouble })}</Notice>}
      {lines.length === 0 && <p>{t("admin.auditNone")}</p>}
      {lines.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("admin.at")}</th>
              <th scope="col">{t("admin.who")}</th>
              <th scope="col">{t("admin.what")}</th>
              <th scope="col">{t("admin.study")}</th>
              <th scope="col">{t("admin.from")}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a list that is replaced as a whole
              <tr key={index} data-failed={!line.succeeded}>
                <td>
                  <time dateTime={line.at}>{clockText(line.at)}</time>
                </td>
                <td>{line.name.replace("^", " ") || line.login || t("admin.nobody")}</td>
                <td title={line.event}>
                  {line.action.replaceAll("_", " ")}
                  {!line.succeeded && ` – ${t("admin.refused")}`}
                </td>
                <td>
                  {line.study_uid && mayRead ? (
                    <Link to={viewerAddress(line.study_uid)}>
                      <code>{line.study_uid}</code>
                    </Link>
                  ) : (
                    <code>{line.study_uid}</code>
                  )}
                </td>
                <td>{line.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
