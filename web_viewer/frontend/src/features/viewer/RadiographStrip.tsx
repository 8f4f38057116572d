import { useTranslation } from "react-i18next";
import { previewAddress } from "../../lib/api";
import { useFindingTable } from "../../lib/findingNames";
import type { Finding, PriorStudy, ShownRadiograph } from "../../lib/model";
import { priorTitle } from "./priorTitle";
import style from "./viewer.module.css";

interface StripProps {
  studyUid: string;
  radiographs: readonly ShownRadiograph[];
  findings: readonly Finding[];
  priors: readonly PriorStudy[];
  chosen: string;
  onChoose: (instanceUid: string) => void;
}

/** The study's radiographs beside the image, with dots for what the model saw on each; then the priors'. */
export function RadiographStrip({ studyUid, radiographs, findings, priors, chosen, onChoose }: StripProps) {
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
      {priors.flatMap((prior) =>
        prior.radiographs.map(({ instance_uid }) => (
          <button
            type="button"
            key={instance_uid}
            aria-current={instance_uid === chosen}
            onClick={() => onChoose(instance_uid)}
            title={prior.study_description}
            data-testid="prior-radiograph"
          >
            <img src={previewAddress(prior.study_uid, instance_uid)} alt="" loading="lazy" />
            <span>{priorTitle(prior, t)}</span>
          </button>
        )),
      )}
    </nav>
  );
}
