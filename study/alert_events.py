"""What happens to a critical-result alert, and what that makes of it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from study.findings import FindingLabel
from study.model import (
    UID,
    Acknowledgement,
    AlertState,
    Certainty,
    Notice,
    Presence,
    StudyAlert,
    Withdrawal,
)
from study.step import Step


class Alerted(Step):
    """The rule for critical results fired on a vision result; the state stays."""

    kind: Literal["alerted"] = "alerted"
    rule_id: str
    label: FindingLabel
    presence: Presence
    certainty: Certainty
    finding_ids: list[str]
    radiograph_uid: UID
    identified_at: datetime


class Notified(Step):
    """A channel was told of an alert, or could not be."""

    kind: Literal["notified"] = "notified"
    notice: Notice


class Escalated(Step):
    """Nobody acknowledged an alert in time."""

    kind: Literal["escalated"] = "escalated"
    level: int
    to: list[str] = Field(default_factory=list)  # channels that are called again


class Acknowledged(Step):
    """A person recorded that the responsible clinician was told."""

    kind: Literal["acknowledged"] = "acknowledged"
    acknowledgement: Acknowledgement


class Withdrawn(Step):
    """What an open alert rested on is there no more."""

    kind: Literal["withdrawn"] = "withdrawn"
    why: Withdrawal


AlertEvent = Alerted | Notified | Escalated | Acknowledged | Withdrawn


def alert_after(alert: StudyAlert | None, event: AlertEvent) -> StudyAlert:
    """Return the study's alert after `event`; one that is raised anew while open keeps its waiting time."""
    if isinstance(event, Alerted):
        waits = alert if alert is not None and alert.state is AlertState.OPEN else None
        return StudyAlert(
            **event.model_dump(exclude={"kind", "at"}),
            state=AlertState.OPEN,
            raised=1 + (alert.raised if alert is not None else 0),
            since=waits.since if waits is not None else event.at,
            level=waits.level if waits is not None else 0,
        )
    if alert is None:
        raise ValueError(f"'{event.kind}' comes after 'alerted'")
    return alert.model_copy(update=_changes(alert, event))


def _changes(alert: StudyAlert, event: Notified | Escalated | Acknowledged | Withdrawn) -> dict[str, object]:
    match event:
        case Notified():
            key = addressed(event.notice)
            return {"notices": [*(n for n in alert.notices if addressed(n) != key), event.notice]}
        case Escalated():
            return {"level": event.level}
        case Acknowledged():
            return {
                "state": AlertState.ACKNOWLEDGED,
                "acknowledgement": event.acknowledgement,
                "acknowledged_at": event.at,
            }
        case Withdrawn():
            return {"state": AlertState.WITHDRAWN, "withdrawal": event.why}


def addressed(notice: Notice) -> tuple[object, ...]:
    """Return what tells a message on an alert from every other; a later outcome takes its place."""
    return notice.channel, notice.about, notice.level, notice.raised
