/** The nouns of the service as they come over the wire; the same fields as its own models. */

export type StudyState =
  | "receiving"
  | "queued"
  | "segmenting"
  | "segmented"
  | "drafting"
  | "drafted"
  | "signed"
  | "skipped"
  | "failed";

export type FindingLabel = string;
export type Presence = "present" | "absent" | "indeterminate";
export type Certainty = "low" | "moderate" | "high";
export type AssessmentVerdict = "accepted" | "rejected";

export interface StudySummary {
  patient_name: string;
  patient_id: string;
  patient_birth_date: string; // DICOM DA
  patient_sex: string;
  patient_age: string; // DICOM AS
  accession_number: string;
  study_date: string;
  study_time: string;
  study_description: string;
  body_part: string;
  modality: string;
}

export interface FindingGist {
  id: string;
  label: FindingLabel;
  presence: Presence;
  certainty: Certainty;
  probability: number;
  region: string | null;
  area_mm2: number | null; // at the detector
  area_px: number;
  count: number;
}

export interface Finding extends FindingGist {
  radiograph_uid: string;
  operating_point: number;
  box: { left: number; top: number; width: number; height: number } | null; // pixels of the radiograph
}

export interface Delivery {
  destination: string;
  kind: "SEG" | "SR" | "REPORT";
  state: "pending" | "sent" | "failed";
  reason: string | null;
  attempts: number;
  instance_uid: string;
}

export interface WorklistItem {
  study_uid: string;
  state: StudyState;
  revision: number;
  version: number;
  critical: boolean;
  reason: string | null;
  failed_stage: string | null;
  retryable: boolean;
  summary: StudySummary;
  findings: FindingGist[];
  received_at: string;
  updated_at: string;
  deliveries: Delivery[];
  signed_by: string | null;
  seconds_to_draft: number | null;
}

export interface Worklist {
  items: WorklistItem[];
  total: number;
}

export interface ModelIdentity {
  name: string;
  version: string;
  disclaimer: string;
}

export interface RadiographReference {
  series_uid: string;
  instance_uid: string;
  rows: number;
  columns: number;
}

export interface Radiograph extends RadiographReference {
  view: "supine" | "erect" | "left_lateral_decubitus" | "unknown";
  imager_pixel_spacing_mm: [number, number] | null;
}

export interface Sentence {
  text: string;
  finding_ids: string[];
  rule_id: string | null;
}

export interface WordingCheck {
  rule: string;
  sentence: string;
  message: string;
}

export interface Wording {
  source: "template" | "llm" | "radiologist";
  llm_model: string | null;
  milliseconds: number | null;
  fallback_reason: string | null;
  checks: WordingCheck[];
}

export interface Report {
  study_uid: string;
  revision: number;
  version: number;
  language: "en" | "ko";
  technique: Sentence[];
  findings: Sentence[];
  impression: Sentence[];
  recommendation: Sentence[];
  comparison: string;
  limitations: Sentence[];
  critical: boolean;
  wording: Wording;
  disclaimer: string;
  created_at: string;
  signature: { signer: string; signed_at: string } | null;
  addendum_to: number | null;
}

export interface TimelineEntry {
  at: string;
  step: string;
  revision: number;
  detail: string;
}

export interface StudyRecord {
  study_uid: string;
  state: StudyState;
  revision: number;
  version: number;
  summary: StudySummary;
  calling_ae_title: string;
  received_at: string;
  updated_at: string;
  reason: string | null;
  failed_stage: string | null;
  retryable: boolean;
  critical: boolean;
  instances: number;
  model: ModelIdentity | null;
  radiographs: Radiograph[];
  findings: Finding[];
  assessments: Record<string, AssessmentVerdict>; // by finding id
  draft: Report | null;
  deliveries: Delivery[];
  timeline: TimelineEntry[];
}

export interface FindingDefinition {
  label: FindingLabel;
  segment_number: number;
  name_en: string;
  name_ko: string;
  color: [number, number, number];
  critical: boolean;
}

export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

export interface WindowPreset {
  name: string;
  center: number;
  width: number;
}

export interface RadiographHeader {
  rows: number;
  columns: number;
  bits: number;
  minimum: number; // modality values, padding left out
  maximum: number;
  inverted: boolean; // MONOCHROME1
  window_center: number;
  window_width: number;
  voi_function: VoiFunction;
  offset: number; // modality value = wire value * slope + offset
  slope: number;
  presets: WindowPreset[];
  imager_pixel_spacing_mm: [number, number] | null;
  view: string;
  laterality_marker: string; // the patient's side at the image's left edge: "R", "L" or ""
}

export interface Service {
  ae_title: string;
  dicom_port: number;
  version: string;
  language: "en" | "ko";
  model: ModelIdentity | null;
  pacs: string[];
  login: boolean;
}

export interface StudyEvent {
  study_uid: string;
  state: StudyState;
  version: number;
  critical: boolean;
}
