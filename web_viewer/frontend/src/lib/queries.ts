/** What is kept from the service, under which key, and for how long. */

import {
  keepPreviousData,
  onlineManager,
  QueryClient,
  queryOptions,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import {
  ApiError,
  getFindingTable,
  getHalfPixels,
  getOverlay,
  getPriors,
  getRadiographHeader,
  getRadiographPixels,
  getRadiographs,
  getService,
  getStudy,
  getWorklist,
  type WorklistQuery,
} from "./api";
import type { StudyRecord } from "./model";

const MINUTE = 60_000;
const LOOK_AGAIN_MS = 30_000;

// A browser that believes it has no network may be wrong; where it is right, the reader is told at once. Only
// the lock holds requests back.
onlineManager.setEventListener(() => () => undefined);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => !(error instanceof ApiError && error.status < 500) && failures < 3,
    },
  },
});

export const worklistQuery = (query: WorklistQuery) =>
  queryOptions({
    queryKey: ["worklist", query],
    queryFn: ({ signal }) => getWorklist(query, signal),
    placeholderData: keepPreviousData,
  });

/** A page of the worklist; the pages that are on the screen are asked for again, no others. */
export const worklistPageQuery = (
  query: Pick<WorklistQuery, "state" | "q" | "delivery">,
  offset: number,
  limit: number,
) =>
  queryOptions({
    queryKey: ["worklist", "page", query, offset],
    queryFn: ({ signal }) => getWorklist({ ...query, limit, offset }, signal),
    // Who closes a study without a word, as a browser that crashes does, is told of by nobody.
    refetchInterval: ({ state }) => state.data?.items.some(({ reading }) => reading.length) && LOOK_AGAIN_MS,
  });

export const studyQuery = (uid: string) =>
  queryOptions({ queryKey: ["study", uid], queryFn: ({ signal }) => getStudy(uid, signal) });

export const radiographsQuery = (uid: string, instances: number) =>
  queryOptions({
    queryKey: ["radiographs", uid, instances],
    queryFn: ({ signal }) => getRadiographs(uid, signal),
  });

export const priorsQuery = (uid: string) =>
  queryOptions({ queryKey: ["priors", uid], queryFn: ({ signal }) => getPriors(uid, signal) });

export const findingTableQuery = queryOptions({
  queryKey: ["findings"],
  queryFn: getFindingTable,
  staleTime: Number.POSITIVE_INFINITY,
});

export const serviceQuery = queryOptions({
  queryKey: ["service"],
  queryFn: getService,
  staleTime: 10 * MINUTE,
});

// A received radiograph never changes; its overlay does when the study is read again.
const IMAGE_LIFE = { staleTime: Number.POSITIVE_INFINITY, gcTime: 2 * MINUTE, structuralSharing: false };

export const headerQuery = (uid: string, instance: string) =>
  queryOptions({
    queryKey: ["header", uid, instance],
    queryFn: ({ signal }) => getRadiographHeader(uid, instance, signal),
    ...IMAGE_LIFE,
  });

export const pixelsQuery = (uid: string, instance: string) =>
  queryOptions({
    queryKey: ["pixels", uid, instance],
    queryFn: ({ signal }) => getRadiographPixels(uid, instance, signal),
    ...IMAGE_LIFE,
  });

const halfQuery = (uid: string, instance: string) =>
  queryOptions({
    queryKey: ["half", uid, instance],
    queryFn: ({ signal }) => getHalfPixels(uid, instance, signal),
    retry: false, // the whole is asked for instead, at once
    ...IMAGE_LIFE,
  });

/** Ask for a radiograph's pixels: at half the size first, a quarter of the bytes and all that fits on most screens. */
export function usePixels(uid: string, instance: string) {
  const known = useQueryClient().getQueryState(pixelsQuery(uid, instance).queryKey);
  const ahead = known !== undefined && (known.data !== undefined || known.fetchStatus === "fetching");
  const half = useQuery({ ...halfQuery(uid, instance), enabled: !ahead });
  const whole = useQuery({ ...pixelsQuery(uid, instance), enabled: ahead || half.isFetched });
  return { whole, half: half.data ?? null };
}

/** Fetch a study and its radiographs ahead of the reader. */
export async function fetchAhead(client: QueryClient, uid: string): Promise<void> {
  const record = await client.fetchQuery(studyQuery(uid));
  await Promise.all(
    record.radiographs.flatMap(({ instance_uid }) => [
      client.prefetchQuery(headerQuery(uid, instance_uid)),
      client.prefetchQuery(pixelsQuery(uid, instance_uid)),
      client.prefetchQuery(overlayQuery(uid, instance_uid, readingOf(record))),
    ]),
  );
}

/** Name one reading of a study by the model, with what readers drew since; empty before there is one. */
export function readingOf({ findings, timeline, revision }: StudyRecord): string {
  if (findings.length === 0) return "";
  const readings = timeline.filter((entry) => entry.step === "segmented" || entry.step === "previewed");
  const drawn = findings.flatMap(({ drawn_by, segment }) =>
    drawn_by && segment ? segment.instance_uid : [],
  );
  return [revision, readings.length, ...drawn].join(".");
}

export const overlayQuery = (uid: string, instance: string, reading: string) =>
  queryOptions({
    queryKey: ["overlay", uid, instance, reading],
    queryFn: ({ signal }) => getOverlay(uid, instance, signal),
    ...IMAGE_LIFE,
  });
