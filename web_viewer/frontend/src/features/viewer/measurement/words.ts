/** The words of a measurement's figures. */

import type { TFunction } from "i18next";
import type { Words } from "./figures";

export const wordsOf = (t: TFunction): Words => ({
  atDetector: t("viewer.measure.atDetector"),
  mean: t("viewer.measure.mean"),
  deviation: t("viewer.measure.deviation"),
});
