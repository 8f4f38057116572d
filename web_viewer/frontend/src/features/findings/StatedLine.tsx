import { useTranslation } from "react-i18next";
import type { Finding } from "../../lib/model";
import { personName } from "../../lib/patient";
import style from "./findings.module.css";
import { saidBefore } from "./said";

/** Who states a finding otherwise, and what the model said of it; nothing where nobody does. */
export function StatedLine({ finding }: { finding: Finding }) {
  const { t, i18n } = useTranslation();
  if (!finding.stated) return null;
  return (
    <span className={style.stated} data-testid={`finding-stated-${finding.label}`}>
      {t("findings.statedBy", { name: personName(finding.stated.reader, i18n.language) })}
      <small>{saidBefore(t, finding)}</small>
    </span>
  );
}
