/** Measurements and moments as text. */

export interface Measured {
  area_mm2: number | null;
  area_px: number;
}

/** Return an area in cm², as the report has it, or in pixels where the spacing is unknown. */
export function areaText({ area_mm2, area_px }: Measured): string {
  if (area_mm2 === null) return area_px > 0 ? `${area_px.toLocaleString("en")} px` : "";
  if (area_mm2 <= 0) return "";
  return area_mm2 >= 10 ? `${(area_mm2 / 100).toFixed(1)} cm²` : "<0.1 cm²";
}

/** Return a probability as a whole per cent that never claims 0 or 100. */
export function percentText(probability: number): string {
  if (probability < 0.01) return "<1 %";
  if (probability > 0.99) return ">99 %";
  return `${Math.round(probability * 100)} %`;
}

export function secondsText(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

const relativeFormats = new Map<string, Intl.RelativeTimeFormat>(); // costly to make

function relativeFormat(language: string): Intl.RelativeTimeFormat {
  let format = relativeFormats.get(language);
  if (!format) {
    format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
    relativeFormats.set(language, format);
  }
  return format;
}

/** Return how long before `now` (ms) something was, such as "5 minutes ago". */
export function agoText(iso: string, now: number, language: string): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  const format = relativeFormat(language);
  if (seconds < 60) return format.format(-seconds, "second");
  if (seconds < 3600) return format.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return format.format(-Math.floor(seconds / 3600), "hour");
  return format.format(-Math.floor(seconds / 86_400), "day");
}

export function clockText(iso: string): string {
  const at = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
