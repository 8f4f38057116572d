/** The service's HTTP interface, one function a request. */

import { takeEarly } from "./early";
import { useEnded } from "./ended";
import type {
  AcknowledgeRequest,
  AddendumRequest,
  Annotation,
  AssessmentVerdict,
  Check,
  DrawnMask,
  FindingDefinition,
  FindingEdit,
  MacroList,
  Macros,
  OtherReaders,
  PriorStudy,
  RadiographHeader,
  RadiographReference,
  Report,
  ReportEdit,
  ReportProposal,
  Service,
  StudyRecord,
  StudyState,
  Worklist,
} from "./model";

/** The service answered, but not with success; `message` is its own sentence. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** No answer came: the network or the service is down. */
export class OfflineError extends Error {
  override name = "OfflineError";
}

export async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    const early = init?.method ? null : await takeEarly(path);
    response = early ?? (await fetch(path, { credentials: "same-origin", ...init }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new OfflineError("The service does not answer.");
  }
  if (response.status === 401) useEnded.setState({ ended: true });
  if (!response.ok) throw new ApiError(response.status, await sentence(response));
  return response;
}

async function sentence(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  if (body && typeof body === "object" && "detail" in body && typeof body.detail === "string") {
    return body.detail;
  }
  return `${response.status} ${response.statusText}`.trim();
}

export async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await request(path, init)).json() as Promise<T>;
}

export function send(method: "PUT" | "POST", body?: unknown): RequestInit {
  return body === undefined
    ? { method }
    : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

const study = (uid: string) => `/api/studies/${encodeURIComponent(uid)}`;
const radiograph = (uid: string, instance: string) =>
  `${study(uid)}/radiographs/${encodeURIComponent(instance)}`;

export interface WorklistQuery {
  state?: readonly StudyState[]; // any of these
  q?: string;
  accession?: string;
  delivery?: "none" | "pending" | "sent" | "failed" | "";
  limit?: number;
  offset?: number;
}

export function getWorklist(query: WorklistQuery, signal?: AbortSignal): Promise<Worklist> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== "") parameters.append(name, String(each));
    }
  }
  return json(`/api/worklist?${parameters}`, { signal });
}

export const getStudy = (uid: string, signal?: AbortSignal) => json<StudyRecord>(study(uid), { signal });
/** Return every radiograph of the study, read by the model or not. */
export const getRadiographs = (uid: string, signal?: AbortSignal) =>
  json<RadiographReference[]>(`${study(uid)}/radiographs`, { signal });

/** Return the same patient's earlier studies with abdominal radiographs, the latest first. */
export const getPriors = (uid: string, signal?: AbortSignal) =>
  json<PriorStudy[]>(`${study(uid)}/priors`, { signal });

export const getFindingTable = () => json<FindingDefinition[]>("/api/findings");
export const getService = () => json<Service>("/api/service");

export const getRadiographHeader = (uid: string, instance: string, signal?: AbortSignal) =>
  json<RadiographHeader>(`${radiograph(uid, instance)}/image.json`, { signal });

async function wireValues(path: string, signal?: AbortSignal): Promise<Uint16Array> {
  return new Uint16Array(await (await request(path, { signal })).arrayBuffer());
}

/** Return the wire values, row by row: uint16, shifted to be 0 or more. */
export const getRadiographPixels = (uid: string, instance: string, signal?: AbortSignal) =>
  wireValues(`${radiograph(uid, instance)}/image`, signal);

/** Return the means of 2 x 2 of them. */
export const getHalfPixels = (uid: string, instance: string, signal?: AbortSignal) =>
  wireValues(`${radiograph(uid, instance)}/image/half`, signal);

/** Return a bitmask per pixel, bit (segment number - 1) per finding; null where nothing was marked. */
export async function getOverlay(uid: string, instance: string, signal?: AbortSignal) {
  const response = await request(`${radiograph(uid, instance)}/overlay`, { signal });
  return response.status === 204 ? null : new Uint8Array(await response.arrayBuffer());
}

export const previewAddress = (uid: string, instance: string) => `${radiograph(uid, instance)}/preview.jpg`;

export const putReport = (uid: string, edit: ReportEdit) =>
  json<Report>(`${study(uid)}/report`, send("PUT", edit));

/** Have the draft written anew in a language; the reader's own sentences stay as they are. */
export const translateReport = (uid: string, version: number, language: Report["language"]) =>
  json<Report>(`${study(uid)}/report/language`, send("POST", { version, language }));

/** Return what words that are not saved yet are at odds with. */
export const checkReport = (uid: string, edit: ReportEdit, signal?: AbortSignal) =>
  json<Check[]>(`${study(uid)}/report/check`, { ...send("POST", edit), signal });

/** Return the macros of whoever is logged in; null for those that the viewer brings with it. */
export const getMacros = (signal?: AbortSignal) => json<Macros>("/api/macros", { signal });

export const putMacros = (language: keyof Macros, macros: MacroList) =>
  json<Macros>(`/api/macros/${language}`, send("PUT", macros));

/** Return the report without the findings that were rejected. */
export const getProposal = (uid: string, signal?: AbortSignal) =>
  json<ReportProposal>(`${study(uid)}/report/proposal`, { signal });

export const addAddendum = (uid: string, wish: AddendumRequest) =>
  json<StudyRecord>(`${study(uid)}/addendum`, send("POST", wish));

export const signReport = (uid: string, signer: string, version: number) =>
  json<StudyRecord>(`${study(uid)}/sign`, send("POST", { signer, version }));

export const assessFinding = (
  uid: string,
  findingId: string,
  assessment: AssessmentVerdict,
  reader: string,
) =>
  request(
    `${study(uid)}/findings/${encodeURIComponent(findingId)}/assessment`,
    send("POST", { assessment, reader }),
  );

/** Say whether a finding is there, how surely and where; or take that back. */
export const putStatement = (uid: string, findingId: string, edit: FindingEdit) =>
  json<StudyRecord>(`${study(uid)}/findings/${encodeURIComponent(findingId)}/statement`, send("PUT", edit));

/** Record who was told of a critical result, by whom, when and how. */
export const acknowledgeAlert = (uid: string, said: AcknowledgeRequest) =>
  json<StudyRecord>(`${study(uid)}/alert/acknowledge`, send("POST", said));

/** Keep a finding's mask as the reader drew it. */
export const correctMask = (uid: string, findingId: string, mask: DrawnMask, reader: string | null) =>
  json<StudyRecord>(
    `${study(uid)}/findings/${encodeURIComponent(findingId)}/mask`,
    send("POST", { mask, reader }),
  );

/** Replace a radiograph's measurements; `number` is that of the set that they replace. */
export const putMeasurements = (
  uid: string,
  instance: string,
  annotations: readonly Annotation[],
  number: number | null,
  reader: string | null,
) =>
  json<StudyRecord>(
    `${radiograph(uid, instance)}/measurements`,
    send("PUT", { annotations, number, reader }),
  );

export const putKeyImages = (uid: string, radiographUids: readonly string[], reader: string | null) =>
  json<StudyRecord>(`${study(uid)}/key-images`, send("PUT", { radiograph_uids: radiographUids, reader }));

/** Say that this login has the study open; returns the names of those who have it open as well. */
export const renewPresence = (uid: string) => json<OtherReaders>(`${study(uid)}/presence`, send("POST"));
/** Say that this login has closed it, even as the page goes. */
export const endPresence = (uid: string) =>
  request(`${study(uid)}/presence`, { method: "DELETE", keepalive: true });

export const reprocessStudy = (uid: string) => request(`${study(uid)}/reprocess`, send("POST"));
