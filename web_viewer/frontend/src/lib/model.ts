/**
 * The nouns of the service as they come over the wire.
 *
 * `schema.ts` is generated from the service's OpenAPI document (`npm run api`). That document marks a field
 * that may be null as one that may be missing; the service always sends every field, so here all are required.
 */

import type * as wire from "./schema";

type Whole<T> = T extends string | number | boolean | null ? T : { [K in keyof T]-?: Whole<T[K]> };

export type StudyState = wire.State;
export type FindingLabel = wire.FindingLabel;
export type AssessmentVerdict = wire.Assessment;
export type Certainty = wire.Certainty;
export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID"; // PS3.3 C.11.2.1.2

export type StudySummary = Whole<wire.StudySummary>;
export type Delivery = Whole<wire.Delivery>;
export type FindingGist = Whole<wire.WorklistFinding>;
export type WorklistItem = Whole<wire.WorklistItem>;
export type Worklist = Whole<wire.Worklist>;

export type Finding = Whole<wire.Finding>;
export type Presence = wire.Presence;
export type Region = wire.Region;
export type Statement = Whole<wire.Statement>;
export type FindingEdit = wire.FindingEdit;
export type FindingDefinition = Whole<wire.FindingName>;
export type Radiograph = Whole<wire.Radiograph>;
export type RadiographReference = Whole<wire.RadiographReference>;
export type PriorStudy = Whole<wire.PriorStudy>;
/** A radiograph as far as it is needed to show it; the model may not have read it. */
export type ShownRadiograph = RadiographReference & Pick<Radiograph, "view">;
export type RadiographHeader = Omit<Whole<wire.GrayscaleDescription>, "voi_function"> & {
  voi_function: VoiFunction;
};

export type StudyAlert = Whole<wire.StudyAlert>;
export type ToldHow = wire.ToldHow;
export type AcknowledgeRequest = wire.AcknowledgeRequest;

export type ProbabilityMap = Whole<wire.ProbabilityMap>;
export type DrawnMask = Whole<wire.DrawnMask>;
export type AnnotationKind = wire.AnnotationKind;
export type Annotation = Omit<Whole<wire.Annotation>, "points"> & { points: [number, number][] };
export type AnnotationSet = Omit<Whole<wire.AnnotationSet>, "annotations"> & { annotations: Annotation[] };
export type Marks = Omit<Whole<wire.Marks>, "annotations"> & { annotations: AnnotationSet[] };

export type Sentence = Whole<wire.Sentence>;
export type Report = Whole<wire.Report>;
export type ReportEdit = wire.ReportEdit;
export type ReportProposal = Whole<wire.ReportProposal>;
export type Macros = Whole<wire.Macros>;
export type MacroList = wire.MacroList;
export type AddendumRequest = wire.AddendumRequest;
export type Check = Whole<wire.Check>;
export type TimelineEntry = Whole<wire.TimelineEntry>;
export type Unread = Whole<wire.Unread>;
export type StudyFailure = Whole<wire.Failure>;
export type StudyRecord = Omit<Whole<wire.StudyRecord>, "state" | "marks"> & {
  state: StudyState;
  marks: Marks;
};

export type OtherReaders = Whole<wire.OtherReaders>;
export type Session = Whole<wire.SessionState>;
export type Role = wire.Role;
export type AdminState = Whole<wire.AdminState>;
export type AuditLine = Whole<wire.AuditLine>;
export type Service = Whole<wire.Service>;

/** What `/api/events` says of one study. */
export interface StudyEvent {
  study_uid: string;
  state: StudyState;
  version: number;
  critical: boolean;
}
