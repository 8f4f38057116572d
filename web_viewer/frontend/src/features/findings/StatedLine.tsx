import { useTranslation } from "react-i18next";
import type { Finding } from "../../lib/model";
import style from "./findings.module.css";
import { saidBefore } from "./said";

/** Who states a finding otherwise, and what the model said of it; nothing where nobody does. */
export function StatedLine({ finding }: { finding: Finding }) {
  const { t } = useTranslation();
  if (!finding.stated) return null;
  return (
    <span className={style.stated} data-testid={`finding-stated-${finding.label}`}>
      {t("findings.statedBy", { name: finding.stated.reader.replace("^", " ") })}
      <small>{saidBefore(t, finding)}</small>
    </span>
  );
}
