import { useTranslation } from "react-i18next";
import { previewAddress } from "../../lib/api";
import { useFindingTable } from "../../lib/findingNames";
import type { Finding, ShownRadiograph } from "../../lib/model";
import style from "./viewer.module.css";

interface StripProps {
  studyUid: string;
  radiographs: readonly ShownRadiograph[];
  findings: readonly Finding[];
  chosen: string;
  onChoose: (instanceUid: string) => void;
}

/** The study's radiographs beside the image; each with dots for what the model saw on it. */
export function RadiographStrip({ studyUid, radiographs, findings, chosen, onChoose }: StripProps) {
  const { t } = useTranslation();
  const { nameOf, colorOf } = useFindingTable();
  return (
    <nav className={style.strip} aria-label={t("viewer.radiographs")}>
      {radiographs.map((radiograph, index) => (
        <button
          type="button"
          key={radiograph.instance_uid}
          aria-current={radiograph.instance_uid === chosen}
          onClick={() => onChoose(radiograph.instance_uid)}
        >
          <img
            src={previewAddress(studyUid, radiograph.instance_uid)}
            alt={t("viewer.radiograph", { number: index + 1 })}
            loading="lazy"
          />
          <span>{t(`view.${radiograph.view}`)}</span>
          <span className={style.dots}>
            {findings
              .filter((seen) => seen.radiograph_uid === radiograph.instance_uid && seen.presence !== "absent")
              .map((seen) => (
                <i key={seen.id} style={{ background: colorOf(seen.label) }} title={nameOf(seen.label)} />
              ))}
          </span>
        </button>
      ))}
    </nav>
  );
}
