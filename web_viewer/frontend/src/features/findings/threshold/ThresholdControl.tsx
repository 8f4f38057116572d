import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { useFindingTable } from "../../../lib/findingNames";
import { addWords } from "../../../lib/i18n";
import { en, ko } from "../../../lib/locales/threshold";
import type { Finding } from "../../../lib/model";
import { useThresholds } from "../../../lib/thresholdStore";
import { failureOf, type HeldMap, probabilityQuery } from "./probabilityMap";
import style from "./threshold.module.css";

addWords({ en: { threshold: en }, ko: { threshold: ko } });

const LEAST = 0.01;
const MOST = 0.99;
const STEP = 0.01;

interface ControlProps {
  studyUid: string;
  finding: Finding;
}

/** Moves the threshold at which a finding's map is drawn; the finding's own outline comes back when it closes. */
export function ThresholdControl({ studyUid, finding }: ControlProps) {
  const { t } = useTranslation();
  const { nameOf } = useFindingTable();
  const { data, error, isFetching, refetch } = useQuery(probabilityQuery(studyUid, finding));
  const name = nameOf(finding.label);
  return (
    <fieldset
      className={style.control}
      aria-label={t("threshold.control", { finding: name })}
      data-testid={`threshold-${finding.label}`}
    >
      {data ? (
        <Slider key={finding.id} finding={finding} held={data} />
      ) : error && !isFetching ? (
        <p className={style.failed} role="alert">
          {t(`threshold.failed.${failureOf(error)}`, { reason: error.message })}
          <Button small onClick={() => void refetch()}>
            {t("threshold.retry")}
          </Button>
        </p>
      ) : (
        <p role="status">{t("threshold.making")}</p>
      )}
    </fieldset>
  );
}

function Slider({ finding, held }: { finding: Finding; held: HeldMap }) {
  const { t } = useTranslation();
  const id = useId();
  const own = rounded(held.map.threshold);
  const [threshold, setThreshold] = useState(own);
  const beside = finding.drawn_by;

  useEffect(() => {
    const moved = threshold !== own || beside !== null;
    useThresholds.getState().set(finding.id, moved ? { ...held, threshold, beside } : null);
  }, [finding.id, held, threshold, own, beside]);
  useEffect(() => () => useThresholds.getState().set(finding.id, null), [finding.id]);

  return (
    <>
      <label htmlFor={id} title={t("threshold.map")}>
        {t("threshold.label")}
      </label>
      <input
        id={id}
        type="range"
        min={LEAST}
        max={MOST}
        step={STEP}
        value={threshold}
        aria-valuetext={shownValue(threshold)}
        aria-describedby={`${id}-only`}
        data-testid={`threshold-slider-${finding.label}`}
        onChange={(event) => setThreshold(rounded(Number(event.target.value)))}
      />
      <output
        htmlFor={id}
        aria-live="off" // the slider says its own value
        data-moved={threshold !== own}
        data-testid={`threshold-value-${finding.label}`}
      >
        {shownValue(threshold)}
      </output>
      <Button
        small
        look="quiet"
        disabled={threshold === own}
        data-testid={`threshold-reset-${finding.label}`}
        onClick={() => setThreshold(own)}
      >
        {t("threshold.reset")}
      </Button>
      <p id={`${id}-only`}>
        {beside && `${t("threshold.beside", { name: beside })} `}
        {beside || finding.area_px > 0
          ? t("threshold.own", { value: shownValue(own) })
          : t("threshold.ownNone")}{" "}
        {t("threshold.only")}
      </p>
    </>
  );
}

const rounded = (value: number): number => Math.round(Math.min(MOST, Math.max(LEAST, value)) / STEP) / 100;

/** Return a probability as it is shown: with a full stop and two digits, in every language. */
export const shownValue = (value: number): string => value.toFixed(2);
