/** Which critical results wait, and for how long. Pure. */

import type { StudyAlert, WorklistItem } from "./model";

type Alarming = Pick<WorklistItem, "critical" | "state" | "alert">;

/** An alert that nobody acknowledged waits, and so does a critical draft older than alerts are. */
export const isWaiting = ({ alert, critical, state }: Alarming): boolean =>
  alert ? alert.state === "open" : critical && state !== "signed";

/** Return the studies whose critical result waits, the longest waiting first. */
export function waitingFirst<T extends Alarming & Pick<WorklistItem, "received_at">>(
  items: readonly T[],
): T[] {
  const since = (item: T) => Date.parse(item.alert?.since ?? item.received_at);
  return items.filter(isWaiting).sort((one, other) => since(one) - since(other));
}

const formats = new Map<string, Intl.NumberFormat>(); // costly to make

/** Return how long something has waited at `now` (ms): "under 1 min", "12 min", "3 hr 5 min". */
export function waitedText(since: string, now: number, language: string): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(since)) / 60_000));
  if (minutes < 1) return `< ${amount(1, "minute", language)}`;
  if (minutes < 60) return amount(minutes, "minute", language);
  const hours = amount(Math.floor(minutes / 60), "hour", language);
  return minutes % 60 ? `${hours} ${amount(minutes % 60, "minute", language)}` : hours;
}

function amount(count: number, unit: "minute" | "hour", language: string): string {
  const key = `${language} ${unit}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" });
    formats.set(key, format);
  }
  return format.format(count);
}

/** Name what a tone is played for once: an alert that comes in, and each further call. */
export const callOf = (studyUid: string, { raised, level }: Pick<StudyAlert, "raised" | "level">): string =>
  `${studyUid} ${raised} ${level}`;

/** Return a local time as typed (`2026-03-01T09:30`) with the offset that it has here. */
export function withZone(local: string): string {
  const offset = -new Date(local).getTimezoneOffset(); // minutes east of UTC
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const sign = offset < 0 ? "-" : "+";
  const seconds = local.length === 16 ? ":00" : "";
  return `${local}${seconds}${sign}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
}

/** Return a time (ms) as a field for local times takes it, to the minute. */
export function localMinute(time: number): string {
  const at = new Date(time);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
