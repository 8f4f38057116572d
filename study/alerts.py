"""When a critical-result alert is raised, withdrawn and escalated, and whom it is still to reach. Pure.

The rule rests on the vision result and the readers' verdicts alone: no wording, no LLM.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from study.alert_events import Alerted, Escalated, Withdrawn
from study.findings import CodedConcept, FindingLabel
from study.model import (
    AlertState,
    DeliveryState,
    Finding,
    NoticeKind,
    Presence,
    StudyAlert,
    StudyRecord,
    TimelineEntry,
    Withdrawal,
)
from study.state import State
from study.verdicts import critical_findings

# What a critical finding is to its receiver: communicated within minutes (PS3.16 CID 7035).
CATEGORY = CodedConcept("RID49480", "RADLEX", "ACR Category 1 Actionable Finding")
_READING = frozenset({"previewed", "segmented", "corrected"})  # corrected: by a person
_STATED = "stated"


class Due(NamedTuple):
    """What a channel is still to be told."""

    about: NoticeKind
    level: int


def rule_of(label: FindingLabel) -> str:
    """Return the id of the rule that raises an alert on a finding: it is present or not excluded."""
    return f"critical-{label.replace('_', '-')}"


def follows(record: StudyRecord, at: datetime) -> Alerted | Withdrawn | None:
    """Return the alert event that the study as it stands lacks; None where it lacks none.

    An alert is raised once for a study, its rule and its revision, and again where it was withdrawn
    and a critical finding stands once more. A signed study raises none: its reader has seen it.
    """
    standing = critical_findings(record.findings, record.assessments)
    alert, reading = record.alert, _last_reading(record)
    if not standing:
        open_still = alert is not None and alert.state is AlertState.OPEN
        return _withdrawn(record, at) if open_still else None
    if reading is None or record.state == State.SIGNED:
        return None
    raised_before = (
        alert is not None and alert.state is not AlertState.WITHDRAWN and alert.revision >= reading.revision
    )
    return None if raised_before else _raised(standing, reading, at)


def escalation_due(
    alert: StudyAlert, now: datetime, after: Sequence[timedelta], channels: Collection[str] = ()
) -> Escalated | None:
    """Return the step that an alert nobody acknowledged has come to; None where it is not time.

    Steps that were missed while nobody looked become one.

    Parameters
    ----------
    alert
        As it stands.
    now
        The time.
    after
        How long after the first call each step is due.
    channels
        That are called again.
    """
    level = sum(now - alert.since >= step for step in after)
    if alert.state is not AlertState.OPEN or level <= alert.level:
        return None
    return Escalated(at=now, revision=alert.revision, level=level, to=sorted(channels))


def due_to(alert: StudyAlert, channel: str) -> Due | None:
    """Return what `channel` is still to be told of an alert; None where it knows, or gave a final no.

    What an alert came to replaces what was not told in time. Who heard nothing of an alert is not
    told of its end.
    """
    due = _newest(alert)
    of_it = [n for n in alert.notices if n.channel == channel and n.raised == alert.raised]
    if any((n.about, n.level) == due and n.state is not DeliveryState.PENDING for n in of_it):
        return None
    over = due.about in (NoticeKind.ACKNOWLEDGED, NoticeKind.WITHDRAWN)
    return None if over and not any(n.state is DeliveryState.SENT for n in of_it) else due


def _newest(alert: StudyAlert) -> Due:
    if alert.state is AlertState.OPEN:
        return Due(NoticeKind.ESCALATED if alert.level else NoticeKind.RAISED, alert.level)
    acknowledged = alert.state is AlertState.ACKNOWLEDGED
    return Due(NoticeKind.ACKNOWLEDGED if acknowledged else NoticeKind.WITHDRAWN, alert.level)


def _last_reading(record: StudyRecord) -> TimelineEntry | None:
    return next((entry for entry in reversed(record.timeline) if entry.step in _READING), None)


def _raised(standing: Sequence[Finding], reading: TimelineEntry, at: datetime) -> Alerted:
    surest = max(standing, key=lambda f: (f.presence is Presence.PRESENT, f.probability))
    return Alerted(
        at=at,
        revision=reading.revision,
        rule_id=rule_of(surest.label),
        label=surest.label,
        presence=surest.presence,
        certainty=surest.certainty,
        finding_ids=[f.id for f in standing],
        radiograph_uid=surest.radiograph_uid,
        identified_at=_identified_at(surest, reading),
    )


def _identified_at(finding: Finding, reading: TimelineEntry) -> datetime:
    """Return when a finding was made: by the reader who states it where the model did not see it."""
    said = finding.stated
    missed = said is not None and said.instead_of.presence is Presence.ABSENT
    return said.at if said is not None and missed else reading.at


def _withdrawn(record: StudyRecord, at: datetime) -> Withdrawn:
    last = next((e.step for e in reversed(record.timeline) if e.step in _READING | {_STATED}), None)
    rejected = bool(critical_findings(record.findings, {})) or last == _STATED
    why = Withdrawal.REJECTED if rejected else Withdrawal.NOT_FOUND
    return Withdrawn(at=at, revision=record.revision, why=why)
