"""What crosses HTTP beside the nouns of `study.model`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydicom import Dataset

from study.access import Role
from study.failure import Failure
from study.findings import FINDINGS, FindingDefinition, FindingLabel
from study.holdings import reference
from study.model import (
    Assessment,
    Certainty,
    Delivery,
    Finding,
    Language,
    ModelIdentity,
    Presence,
    Probability,
    Region,
    Report,
    StudyAlert,
    StudyRecord,
    StudySummary,
    ToldHow,
    Work,
)
from study.regions import PLACES
from study.state import State
from study.unread import Unread


def _printable(text: str) -> str:
    """Refuse control characters, which neither a report nor an SR may hold; line breaks may stay."""
    if any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in text):
        raise ValueError("control characters are not allowed")
    return text


SentenceText = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_printable)]
# A person's name as it goes into the SR (PS3.5 PN: at most 64 characters, no backslash).
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\\=\n\t]+$"),
    AfterValidator(_printable),
]


class Wire(BaseModel):
    """Base of the models here: immutable, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WorklistFinding(Wire):
    """A finding as a chip on the worklist."""

    id: str
    label: FindingLabel
    presence: Presence
    certainty: Certainty
    probability: Probability
    region: Region | None
    area_mm2: float | None
    area_px: int
    count: int

    @classmethod
    def of(cls, finding: Finding) -> WorklistFinding:
        """Return the chip of `finding`."""
        return cls.model_validate(finding.model_dump(include=set(cls.model_fields)))


class WorklistItem(Wire):
    """One row of the worklist."""

    study_uid: str
    state: State
    revision: int
    version: int
    critical: bool
    alert: StudyAlert | None
    reason: str | None
    unread: list[Unread]  # why it was skipped; of a study that was read, what the header did not announce
    failure: Failure | None  # of a failed study
    failed_stage: str | None
    retryable: bool
    summary: StudySummary
    findings: list[WorklistFinding]
    received_at: datetime
    updated_at: datetime
    deliveries: list[Delivery]
    signed_by: str | None
    worked: Work | None = Field(
        description="Who worked on it last; null where nobody has since it was signed."
    )
    reading: list[str] = Field(description="Names of those who have it open now.")
    seconds_to_draft: float | None

    @classmethod
    def of(cls, record: StudyRecord) -> WorklistItem:
        """Return the row of a study."""
        signature = record.draft.signature if record.draft else None
        return cls(
            study_uid=record.study_uid,
            state=State(record.state),
            revision=record.revision,
            version=record.version,
            critical=record.critical,
            alert=record.alert,
            reason=record.reason,
            unread=_unread(record),
            failure=record.failure,
            failed_stage=record.failed_stage,
            retryable=record.retryable,
            summary=record.summary,
            findings=[WorklistFinding.of(f) for f in record.findings],
            received_at=record.received_at,
            updated_at=record.updated_at,
            deliveries=record.deliveries,
            signed_by=signature.signer if signature else None,
            worked=record.worked,
            reading=[],
            seconds_to_draft=seconds_to_draft(record),
        )


def _unread(record: StudyRecord) -> list[Unread]:
    news = [unread for unread in record.not_read.values() if not unread.code.is_expected]
    return record.why_skipped or [unread for at, unread in enumerate(news) if unread not in news[:at]]


def seconds_to_draft(record: StudyRecord) -> float | None:
    """Return the seconds from a revision's first instance to its first draft; None before that."""
    steps = [entry for entry in record.timeline if entry.revision == record.revision]
    received = next((entry.at for entry in steps if entry.step == "received"), record.received_at)
    drafted = next((entry.at for entry in steps if entry.step == "drafted"), None)
    return None if drafted is None else (drafted - received).total_seconds()


class Worklist(Wire):
    """A page of the worklist: critical and unsigned, or with an open alert, first, then newest."""

    items: list[WorklistItem]
    total: int


class OtherReaders(Wire):
    """Who else has a study open."""

    names: list[str] = Field(description="As they stand under a report (PS3.5 PN).")


class ReportEdit(Wire):
    """A radiologist's wording of a draft."""

    version: int = Field(description="The version that was edited; 409 when there is a newer one.")
    findings: Annotated[list[SentenceText], Field(max_length=100)]
    impression: Annotated[list[SentenceText], Field(max_length=100)]
    recommendation: Annotated[list[SentenceText], Field(max_length=100)]
    reader: PersonName | None = Field(
        None, description="Who edits it, where the login has no name of its own."
    )


class ReportProposal(Wire):
    """What a report may say after its reader's verdicts, a text for each sentence."""

    version: int = Field(description="The version that it would replace.")
    findings: list[str]
    impression: list[str]
    recommendation: list[str]

    @classmethod
    def of(cls, report: Report) -> ReportProposal:
        """Return the proposal's texts."""
        return cls(
            version=report.version,
            findings=[s.text for s in report.findings],
            impression=[s.text for s in report.impression],
            recommendation=[s.text for s in report.recommendation],
        )


class LanguageRequest(Wire):
    """The language in which a draft is to be."""

    version: int = Field(description="The version that is to be written anew; 409 when there is a newer one.")
    language: Language


class AddendumRequest(Wire):
    """What is added to a signed report, and who signs that."""

    version: int = Field(description="The signed version; 409 when there is a newer one.")
    sentences: Annotated[list[SentenceText], Field(min_length=1, max_length=100)]
    signer: PersonName | None = Field(None, description="As for signing a report.")


class SignRequest(Wire):
    """A radiologist's signature under a report version."""

    signer: PersonName | None = Field(
        None, description="Who signs; a login that has a name of its own signs with that."
    )
    version: int


class AcknowledgeRequest(Wire):
    """Who told whom of a critical result, when and how; finding and time identified are known."""

    revision: int = Field(description="The alert's own; 409 where it was raised anew meanwhile.")
    told_by: PersonName | None = Field(None, description="Who told; as for `signer`.")
    told_to: PersonName = Field(description="The responsible clinician who was told.")
    told_at: AwareDatetime = Field(description="When, with the time's zone.")
    how: ToldHow


class AssessmentRequest(Wire):
    """A radiologist's verdict on one finding."""

    assessment: Assessment
    reader: PersonName | None = Field(None, description="As for `signer`.")


class SessionState(Wire):
    """Who asks, and what they may do."""

    subject: str = Field(description="What the login knows them by; empty where none is asked for.")
    name: str = Field(description="As it stands under a report (PS3.5 PN); empty where it is typed there.")
    roles: list[Role]
    how: Literal["loopback", "password", "openid", "smart"]
    lock_after: float = Field(description="Minutes without a sign of life after which to lock; 0: never.")


class Entrance(Wire):
    """A login with its password."""

    login: Annotated[str, Field(max_length=64)]
    password: Annotated[SecretStr, Field(max_length=1024)]


class Farewell(Wire):
    """Where to go after a logout."""

    address: str


class FindingName(Wire):
    """A row of the table of findings."""

    label: FindingLabel
    segment_number: int
    name_en: str
    name_ko: str
    color: tuple[int, int, int] = Field(description="sRGB, 8 bits a channel")
    critical: bool
    regions: list[Region] = Field(description="Where a reader may state it.")

    @classmethod
    def of(cls, definition: FindingDefinition) -> FindingName:
        """Return the row of `definition`."""
        return cls(
            label=definition.label,
            segment_number=definition.segment_number,
            name_en=definition.name_en,
            name_ko=definition.name_ko,
            color=definition.color,
            critical=definition.critical,
            regions=list(PLACES[definition.label]),
        )


FINDING_NAMES = [FindingName.of(definition) for definition in FINDINGS.values()]


class RadiographReference(Wire):
    """A CR or DX instance in the archive, read by the model or not."""

    series_uid: str
    instance_uid: str
    sop_class_uid: str
    rows: int
    columns: int

    @classmethod
    def of(cls, header: Dataset) -> RadiographReference:
        """Return the reference to the instance of this header, one of `Holdings`."""
        ref = reference(header)
        return cls(
            series_uid=ref.series_uid,
            instance_uid=ref.instance_uid,
            sop_class_uid=str(header.SOPClassUID),
            rows=int(header.get("Rows") or 0),
            columns=int(header.get("Columns") or 0),
        )


class PriorStudy(Wire):
    """An earlier study of the same patient, with its abdominal radiographs."""

    study_uid: str
    study_date: str = Field(description="DICOM DA; empty where unknown")
    study_description: str
    radiographs: list[RadiographReference]


class Service(Wire):
    """What the viewer tells a user about the service."""

    ae_title: str
    dicom_port: int
    version: str
    language: Language
    model: ModelIdentity | None
    pacs: list[str]
    login: bool


class Problem(Wire):
    """Every error's body."""

    detail: str = Field(description="One sentence: the thing, the cause, the next step.")


class MapAwaited(Wire):
    """What is answered while a probability map is made."""

    detail: str
