/** Fetch a finding's probability map; the service makes it when it is asked for. */

import { queryOptions } from "@tanstack/react-query";
import { ApiError, OfflineError, request } from "../../../lib/api";
import type { Finding, ProbabilityMap } from "../../../lib/model";

const LIFE = 10 * 60_000; // milliseconds: as long as the service holds it
const LONGEST = 60_000; // milliseconds that a reader waits before being told
const PAUSE = 1; // seconds, where the service says none

export interface HeldMap {
  map: ProbabilityMap;
  values: Uint8Array; // rows x columns
}

/** The map was asked for again and again, and is not there. */
export class LateError extends Error {
  override name = "LateError";
}

export const probabilityQuery = (studyUid: string, finding: Finding) =>
  queryOptions({
    // A radiograph that was read once more has other probabilities, and another map.
    queryKey: ["probability", studyUid, finding.id, finding.probability],
    queryFn: ({ signal }) => getProbabilityMap(studyUid, finding, signal),
    staleTime: LIFE,
    gcTime: 2 * 60_000,
    retry: false,
    structuralSharing: false,
    refetchOnWindowFocus: false,
  });

export async function getProbabilityMap(
  studyUid: string,
  { radiograph_uid, label }: Finding,
  signal: AbortSignal,
): Promise<HeldMap> {
  const [study, radiograph] = [studyUid, radiograph_uid].map(encodeURIComponent);
  const path = `/api/studies/${study}/radiographs/${radiograph}/probability/${label}`;
  const until = Date.now() + LONGEST;
  const map = (await (await awaited(`${path}.json`, until, signal)).json()) as ProbabilityMap;
  const values = new Uint8Array(await (await awaited(path, until, signal)).arrayBuffer());
  if (values.length !== map.rows * map.columns) throw new Error("the map is not as large as it says");
  return { map, values };
}

/** Ask until the answer is there, as often as the service says. */
async function awaited(path: string, until: number, signal: AbortSignal): Promise<Response> {
  for (;;) {
    const response = await request(path, { signal });
    if (response.status !== 202) return response;
    if (Date.now() > until) throw new LateError("the map is not there yet");
    await pause(1000 * Number(response.headers.get("retry-after") ?? PAUSE), signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Return which words say why there is no map. */
export function failureOf(error: Error) {
  if (error instanceof OfflineError) return "offline";
  if (error instanceof LateError) return "late";
  if (!(error instanceof ApiError)) return "other";
  switch (error.status) {
    case 404:
      return "unread";
    case 409:
      return "otherModel";
    case 422:
      return "unreadable";
    default:
      return "other";
  }
}
