"""The nouns of Kidray as frozen Pydantic models, which are also the wire schema.

Imports no Redis, pydicom, torch or FastAPI: every room may depend on it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from study.compat import StrEnum
from study.failure import Failure
from study.findings import FindingLabel
from study.frozen import UID as UID  # noqa: PLC0414 - three names that are had from here too
from study.frozen import Frozen as Frozen  # noqa: PLC0414
from study.frozen import Probability as Probability  # noqa: PLC0414
from study.marks import Marks
from study.unread import Unread

DISCLAIMER_EN = "Trained on synthetic phantoms, not for clinical use"
DISCLAIMER_KO = "합성 팬텀으로 학습됨, 임상용 아님"


class Language(StrEnum):
    """Languages in which a report is drafted."""

    ENGLISH = "en"
    KOREAN = "ko"


class Presence(StrEnum):
    """Whether a finding is there (SCT 52101004, 2667000, 82334004)."""

    PRESENT = "present"
    ABSENT = "absent"
    INDETERMINATE = "indeterminate"


class Certainty(StrEnum):
    """How sure the model is, in a word; derived from the calibrated probability."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Region(StrEnum):
    """Where in the abdomen a finding lies, the patient's own side named."""

    RIGHT_UPPER_QUADRANT = "right_upper_quadrant"
    LEFT_UPPER_QUADRANT = "left_upper_quadrant"
    RIGHT_LOWER_QUADRANT = "right_lower_quadrant"
    LEFT_LOWER_QUADRANT = "left_lower_quadrant"
    CENTRAL_ABDOMEN = "central_abdomen"
    UPPER_ABDOMEN = "upper_abdomen"
    LOWER_ABDOMEN = "lower_abdomen"
    WHOLE_ABDOMEN = "whole_abdomen"
    PELVIS = "pelvis"


class View(StrEnum):
    """How the patient was positioned."""

    SUPINE = "supine"
    ERECT = "erect"
    LEFT_LATERAL_DECUBITUS = "left_lateral_decubitus"
    UNKNOWN = "unknown"


class BoundingBox(Frozen):
    """Box around a segment, in pixels of the radiograph as stored: left, top, width, height."""

    left: int
    top: int
    width: int
    height: int


class ModelIdentity(Frozen):
    """Which algorithm made a result; goes into every derived object."""

    name: str
    version: str
    sha256: str
    disclaimer: str


class SegmentReference(Frozen):
    """Points at one segment of one SEG instance in the archive."""

    series_uid: UID
    instance_uid: UID
    segment_number: Annotated[int, Field(ge=1)]


class Statement(Frozen):
    """What is said of a finding: whether it is there, how surely, and where."""

    presence: Presence
    certainty: Certainty
    region: Region | None = None  # None where absent, or not said


class ReaderStatement(Frozen):
    """That a reader stated a finding, and what was said of it before any reader did."""

    number: int  # of the event
    reader: str
    at: datetime
    instead_of: Statement  # the model's; of an outline that a reader drew, that outline's


class Finding(Frozen):
    """One assessed observation on one radiograph, before any wording."""

    id: str  # "<label>@<radiograph instance UID>": stable for one radiograph
    label: FindingLabel
    radiograph_uid: UID
    presence: Presence
    certainty: Certainty
    probability: Probability
    operating_point: Probability  # at or above: present
    uncertainty: Probability | None = None  # of presence and outline together; None: made before it was
    region: Region | None = None  # None where absent
    area_px: int = 0  # of the mask, in pixels of the radiograph
    area_mm2: float | None = None  # None where spacing is unknown
    area_plane: Literal["detector", "patient"] = "detector"  # patient: corrected for magnification
    count: int = 0  # connected parts of the mask; for levels, about how many there are
    box: BoundingBox | None = None
    segment: SegmentReference | None = None
    drawn_by: str | None = None  # who drew the mask that this measures; None: the model
    stated: ReaderStatement | None = None  # who states presence, certainty and region; None: as measured

    @property
    def observer(self) -> str | None:
        """The reader who says that the finding is so; None: the model."""
        return self.stated.reader if self.stated is not None else self.drawn_by

    @property
    def statement(self) -> Statement:
        """What is said of it."""
        return Statement(presence=self.presence, certainty=self.certainty, region=self.region)


class Radiograph(Frozen):
    """One CR or DX image instance as the model saw it."""

    series_uid: UID
    instance_uid: UID
    sop_class_uid: UID
    rows: int
    columns: int
    view: View = View.UNKNOWN
    imager_pixel_spacing_mm: tuple[float, float] | None = None  # (row, column), at the detector
    seg_series_uid: UID | None = None
    seg_instance_uid: UID | None = None
    seg_is_labelmap: bool = False
    sr_instance_uid: UID | None = None


class Segmentation(Frozen):
    """What the segment step found in one study."""

    model: ModelIdentity
    radiographs: list[Radiograph]
    findings: list[Finding]
    not_read: dict[str, Unread] = Field(default_factory=dict)  # by instance UID
    milliseconds: float = 0.0


class DraftSource(StrEnum):
    """Who worded the draft; a person's edit makes it `radiologist`."""

    TEMPLATE = "template"
    LLM = "llm"
    RADIOLOGIST = "radiologist"


class Sentence(Frozen):
    """One sentence and the findings that it rests on (by `Finding.id`); none for fixed text."""

    text: str
    finding_ids: list[str] = Field(default_factory=list)
    rule_id: str | None = None  # for recommendations: the rule that put it there

    @property
    def is_a_readers(self) -> bool:
        """Whether a reader wrote it: it follows from no finding and no rule."""
        return not self.finding_ids and self.rule_id is None


class Check(Frozen):
    """One verdict of the grounding check: on an LLM's wording, or beside a radiologist's."""

    rule: str
    sentence: str
    message: str
    section: Literal["findings", "impression", "recommendation"] | None = None
    finding: FindingLabel | None = None  # that a reader's words are at odds with


class Wording(Frozen):
    """Where the words came from."""

    source: DraftSource
    llm_model: str | None = None  # as the server names it, where it does
    llm_sha256: str | None = None  # of the model's weights, where the server tells
    prompt_sha256: str | None = None
    server: str | None = None  # host and port that were asked
    engine: str | None = None  # what runs there, as far as it tells: "vllm 0.32.0"
    decoding: str | None = None  # how the server was told to hold to the schema: "json_schema"
    tries: int = 0  # questions asked: 0 where the server was left alone
    prompt_tokens: int | None = None  # of all tries; None where the server does not tell
    completion_tokens: int | None = None
    first_token_ms: float | None = None  # from the first question to its first token
    milliseconds: float | None = None  # of all tries
    fallback_reason: str | None = None  # why the template stands though an LLM was asked
    checks: list[Check] = Field(default_factory=list)


class Signature(Frozen):
    """Who signed, and when."""

    signer: str
    signed_at: datetime


class Assessment(StrEnum):
    """A radiologist's verdict on one finding (in the spirit of IHE AIRAI)."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class AgeBand(StrEnum):
    """How old the patient was, as far as wording and rules depend on it."""

    UNDER_TWO_WEEKS = "under_two_weeks"
    TWO_TO_TWELVE_WEEKS = "two_to_twelve_weeks"  # when hypertrophic pyloric stenosis shows
    THREE_TO_SIX_MONTHS = "three_to_six_months"
    OVER_SIX_MONTHS = "over_six_months"
    UNKNOWN = "unknown"


class Exam(Frozen):
    """What was examined, as far as a report's words and rules rest on it."""

    age_band: AgeBand = AgeBand.UNKNOWN
    radiographs: list[UID] = Field(default_factory=list)  # those that the model assessed
    views: list[View] = Field(default_factory=list)  # of each of them


class Abstention(Frozen):
    """Something that the model was asked and did not answer."""

    rule_id: str  # "not-read" for an image; "not-assessable" for a finding that it cannot show
    reason: str = ""
    instance_uid: UID | None = None
    finding_ids: list[str] = Field(default_factory=list)


class Quality(Frozen):
    """How far the images let themselves be read."""

    assessed: int = 0  # radiographs
    not_assessed: int = 0  # other images of the study
    limits: list[str] = Field(default_factory=list)  # rule ids of the limitations that hold


class CodedEntry(Frozen):
    """A coded concept (PS3.3 section 8.8)."""

    value: str
    scheme: str
    meaning: str


class Observation(Finding):
    """A finding as one report version holds it: with its codes, and its reader's verdict."""

    code: CodedEntry
    presence_code: CodedEntry
    assessment: Assessment | None = None


class PriorStudyReference(Frozen):
    """An earlier abdominal study of the same patient that is at hand; no model has compared it."""

    study_uid: UID
    study_date: str = ""  # DICOM DA; empty where unknown


class Alert(Frozen):
    """A critical result: the rule that raised it, and who was told by whom, when and how."""

    rule_id: str
    finding_ids: list[str]  # the finding
    identified_at: datetime  # time identified
    told_by: str | None = None  # who told
    told_to: str | None = None  # who was told
    told_at: datetime | None = None  # time told
    told_how: str | None = None  # how


class Addendum(Frozen):
    """What was added to a signed report, by whom, and to whose words."""

    sentences: list[Sentence]
    signature: Signature
    adds_to: Signature  # under the report as it stood before


class Report(Frozen):
    """A report version: a draft (unverified machine text) until it carries a signature."""

    study_uid: UID
    revision: int
    version: int  # 1 is the template draft; each wording or edit is one more
    language: Language
    technique: list[Sentence]
    findings: list[Sentence]
    impression: list[Sentence]
    recommendation: list[Sentence]
    comparison: str
    limitations: list[Sentence]
    critical: bool
    wording: Wording
    disclaimer: str
    created_at: datetime
    signature: Signature | None = None
    addendum_to: int | None = None  # version of the signed report that this adds to
    sr_series_uid: UID | None = None
    sr_instance_uid: UID | None = None
    # What follows was not kept by older versions: empty there.
    follows: int | None = None  # the version that this one was made from
    exam: Exam | None = None
    quality: Quality | None = None
    observations: list[Observation] = Field(default_factory=list)  # every finding that it rests on
    prior: PriorStudyReference | None = None  # None: none available
    alert: Alert | None = None  # None: nothing critical
    abstentions: list[Abstention] = Field(default_factory=list)
    models: list[ModelIdentity] = Field(default_factory=list)  # that made the findings
    warnings: list[Check] = Field(default_factory=list)  # of the grounding check on a reader's own words
    addenda: list[Addendum] = Field(default_factory=list)  # oldest first
    communication: list[Sentence] = Field(default_factory=list)  # of the critical result, by rule


class SignedReport(Frozen):
    """A version that was signed, and its SR once that is in the archive."""

    version: int
    sr_series_uid: UID | None = None
    sr_instance_uid: UID | None = None


ObjectKind = Literal["SEG", "LABELMAP", "SR", "REPORT", "DRAFT", "CAPTURE", "GSPS", "PDF", "KO"]
MessageKind = Literal["FHIR", "HL7"]  # a report version as a message, which is not in the archive


class DeliveryState(StrEnum):
    """How far an object is on its way to one destination."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Commitment(StrEnum):
    """Whether a destination has taken responsibility for an object (PS3.4 annex J)."""

    ASKED = "asked"
    COMMITTED = "committed"
    REFUSED = "refused"


class Delivery(Frozen):
    """One object, or one message, on its way to one destination."""

    destination: str  # AE title, or the name of an endpoint
    series_uid: UID  # of a message: the study's own
    instance_uid: UID  # of a message: it follows from the report version
    kind: ObjectKind | MessageKind
    state: DeliveryState
    attempts: int = 0  # outcomes that differed; a try that ended as the one before is not counted
    reason: str | None = None
    at: datetime | None = None
    commitment: Commitment | None = None  # None: not asked for


class StudySummary(Frozen):
    """What the worklist shows of a study's header. Holds the patient's identity: never logged."""

    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""  # DICOM DA
    patient_sex: str = ""
    patient_age: str = ""  # DICOM AS, such as 003M
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    body_part: str = ""
    modality: str = ""


class AlertState(StrEnum):
    """Where a study's critical-result alert stands."""

    OPEN = "open"  # nobody has said whom they told
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"


class Withdrawal(StrEnum):
    """Why an alert was withdrawn."""

    REJECTED = "rejected"  # a reader rejected what it rested on, or states that it is absent
    NOT_FOUND = "not_found"  # a later reading of the study no longer finds it


class ToldHow(StrEnum):
    """How a critical result was communicated."""

    PHONE = "phone"
    IN_PERSON = "in_person"
    VIDEO = "video"
    MESSAGE = "message"
    OTHER = "other"


class Acknowledgement(Frozen):
    """The six things that are recorded of a critical result's communication."""

    finding_ids: list[str]  # the finding
    identified_at: datetime  # time identified: of the vision result
    told_by: str  # who told
    told_to: str  # who was told
    told_at: datetime  # time told
    how: ToldHow


class NoticeKind(StrEnum):
    """What a channel is told of an alert."""

    RAISED = "raised"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"


class Notice(Frozen):
    """One message on an alert to one channel, and how far it got."""

    channel: str
    about: NoticeKind
    level: int  # of escalation: 0 is the first call
    raised: int  # which raising of the study's alert it is about: 1 is the first
    state: DeliveryState
    attempts: int = 0  # outcomes that differed
    reason: str | None = None
    at: datetime


class StudyAlert(Frozen):
    """A study's critical-result alert, raised from the vision result by rule."""

    state: AlertState
    rule_id: str
    revision: int  # of the study whose reading raised it
    raised: int  # how often it was raised for this study
    label: FindingLabel
    presence: Presence
    certainty: Certainty
    finding_ids: list[str]
    radiograph_uid: UID  # that shows it most surely
    identified_at: datetime  # of the vision result
    since: datetime  # waiting counts from here
    level: int = 0  # steps of escalation taken
    acknowledgement: Acknowledgement | None = None
    acknowledged_at: datetime | None = None  # when that was recorded
    withdrawal: Withdrawal | None = None
    notices: list[Notice] = Field(default_factory=list)  # newest outcome of each


class TimelineEntry(Frozen):
    """One step of a study, as the viewer shows it."""

    at: datetime
    step: str
    revision: int
    detail: str = ""


class Reader(Frozen):
    """A person at the viewer."""

    name: str


class Work(Frozen):
    """What a reader did last on a study."""

    reader: str
    at: datetime
    did: str  # the kind of the event, such as `assessed`


class StudyRecord(Frozen):
    """All that is known of one study; what `GET /api/studies/{study_uid}` returns."""

    study_uid: UID
    state: str  # a study.state.State
    revision: int
    version: int  # number of the last event folded in: grows with every step
    summary: StudySummary
    calling_ae_title: str = ""
    received_at: datetime
    updated_at: datetime
    reason: str | None = None  # for skipped and failed
    why_skipped: list[Unread] = Field(default_factory=list)  # each reason once
    failure: Failure | None = None  # of a failed study: what its reader is told
    failed_stage: str | None = None
    retryable: bool = False
    critical: bool = False
    instances: int = 0
    model: ModelIdentity | None = None
    radiographs: list[Radiograph] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    not_read: dict[str, Unread] = Field(default_factory=dict)  # by instance UID
    assessments: dict[str, Assessment] = Field(default_factory=dict)  # by Finding.id
    marks: Marks = Field(default_factory=Marks)  # what readers left on the radiographs
    alert: StudyAlert | None = None  # None: nothing critical was found
    draft: Report | None = None  # the newest report version, draft or signed
    worked: Work | None = None  # on what is not signed; None: nobody yet
    signed: list[SignedReport] = Field(default_factory=list)  # every version that was signed, oldest first
    deliveries: list[Delivery] = Field(default_factory=list)
    timeline: list[TimelineEntry] = Field(default_factory=list)
