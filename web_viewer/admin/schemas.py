"""What the admin page is told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from study.failure import Failure
from web_viewer.schemas import Wire


class AuditLine(Wire):
    """One audit record in a line."""

    at: datetime
    login: str
    name: str
    address: str
    action: str = Field(description="Our own name of what was done, such as sign_report.")
    event: str = Field(description="Its event in DICOM PS3.15 A.5.3.")
    succeeded: bool
    study_uid: str


class QueueState(Wire):
    """One queue."""

    name: str
    jobs: int = Field(description="Waiting for a worker, for their next try, or running.")


class Beat(Wire):
    """How the service did at one moment."""

    at: datetime
    jobs: int = Field(description="In all queues together.")
    done: float = Field(description="Jobs finished a minute, since the beat before.")
    failed: float = Field(description="Jobs given up a minute, since the beat before.")


class StepState(Wire):
    """How long one kind of job took in the last hour; from a histogram, so between its bounds."""

    job: str
    done: int
    p50: float | None = Field(description="Seconds; null where none was done.")
    p95: float | None
    p99: float | None


class DeadJob(Wire):
    """A job that was given up."""

    message_id: str
    queue: str
    job: str
    study_uid: str
    failure: Failure | None = Field(
        description="Null where nothing was noted, as of a job that ran too long."
    )


class DestinationState(Wire):
    """One destination."""

    ae_title: str
    address: str
    tls: bool
    gets: list[str] = Field(description="Kinds of objects; none: what is usual.")
    when: str
    sent: int = Field(description="Objects since the service started.")
    failed: int
    pause: float | None = Field(description="Seconds that it is left alone for; null where it is not.")
    failures: int = Field(description="In a row.")
    reason: str | None


class ModelState(Wire):
    """A model package in use."""

    name: str
    version: str
    sha256: str
    use: Literal["shown", "chosen", "shadow"]
    disclaimer: str


class DiskState(Wire):
    """The archive's disk, and what may leave it."""

    total: int = Field(description="Bytes.")
    free: int
    reserve: int = Field(description="Bytes below which instances are refused.")
    keep_days: float | None
    keep_free: str | None


class PartState(Wire):
    """Something that the service rests on."""

    good: bool
    text: str


class AdminState(Wire):
    """How the service does."""

    at: datetime
    version: str
    studies: dict[str, int] = Field(description="How many are in each state.")
    queues: list[QueueState]
    history: list[Beat] = Field(description="The last hour, oldest first.")
    steps: list[StepState]
    dead: list[DeadJob] = Field(description="The newest; `dead_total` says how many there are.")
    dead_total: int
    destinations: list[DestinationState]
    models: list[ModelState]
    disk: DiskState
    redis: PartState
    llm: PartState
    wordings: dict[str, int] = Field(description="By outcome, since the service started.")
    audit_trouble: str | None = Field(description="Why the last audit record was not kept.")


class ReplayRequest(Wire):
    """Which dead letters to replay."""

    message_id: str | None = Field(None, description="One of them; null: all.")


class Replayed(Wire):
    """How many jobs are on their queues again."""

    count: int


class Echoed(Wire):
    """How long a destination took to answer a C-ECHO."""

    milliseconds: float
