"""What readers state of findings in place of the model, and what that makes of a study. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from study.findings import FINDINGS
from study.model import Assessment, Certainty, Finding, Presence, ReaderStatement, Statement, StudyRecord
from study.step import Step


class Stated(Step):
    """A reader said whether a finding is there, how surely and where; or took that back."""

    kind: Literal["stated"] = "stated"
    finding_id: str
    statement: Statement | None  # None: what was said before any reader stated it
    reader: str


def plainly(said: Statement) -> Statement:
    """Return a statement without what its presence leaves no room for.

    A certainty is said of what is present; what cannot be excluded is as unsure as the model would be of
    it, and what is absent is nowhere.
    """
    match said.presence:
        case Presence.PRESENT:
            return said
        case Presence.INDETERMINATE:
            return said.model_copy(update={"certainty": Certainty.LOW})
        case Presence.ABSENT:
            return said.model_copy(update={"certainty": Certainty.HIGH, "region": None})


def stated(record: StudyRecord, event: Stated) -> dict[str, object]:
    """Return what `event`, the next of the study, changes in its record.

    Who states a finding has accepted it as stated. A study that was critical by what the model said stays so
    until it is signed, as one does whose finding was rejected.
    """
    held = next((f for f in record.findings if f.id == event.finding_id), None)
    if held is None:
        return {}
    after = _after(held, event, record.version + 1)
    findings = [after if f.id == after.id else f for f in record.findings]
    verdicts = {uid: said for uid, said in record.assessments.items() if uid != after.id}
    if after.observer is not None:
        verdicts[after.id] = Assessment.ACCEPTED
    return {"findings": findings, "assessments": verdicts, "critical": may_be_critical(findings)}


def restated(fresh: Finding, held: Finding | None) -> Finding:
    """Return `fresh`, as the model or an outline gives it, with what a reader states of it.

    Parameters
    ----------
    fresh
        Without a statement.
    held
        The finding as it stood, with the reader's statement if there is one.
    """
    if held is None or held.stated is None:
        return fresh
    said = held.stated.model_copy(update={"instead_of": fresh.statement})
    return fresh.model_copy(update={**_fields(held.statement), "stated": said})


def may_be_critical(findings: Iterable[Finding]) -> bool:
    """Return whether a critical finding is possible or present, by a reader or by what stood before."""
    return any(
        FINDINGS[f.label].critical and {f.presence, _said_before(f).presence} != {Presence.ABSENT}
        for f in findings
    )


def statement_detail(event: Stated) -> str:
    """Return what the timeline says of a statement."""
    said = event.statement.presence if event.statement is not None else "taken back"
    return f"{event.finding_id.partition('@')[0]}: {said}"


def _said_before(finding: Finding) -> Statement:
    return finding.stated.instead_of if finding.stated is not None else finding.statement


def _after(held: Finding, event: Stated, number: int) -> Finding:
    before = _said_before(held)
    if event.statement is None:
        return held.model_copy(update={**_fields(before), "stated": None})
    said = ReaderStatement(number=number, reader=event.reader, at=event.at, instead_of=before)
    return held.model_copy(update={**_fields(event.statement), "stated": said})


def _fields(said: Statement) -> dict[str, object]:
    return {"presence": said.presence, "certainty": said.certainty, "region": said.region}
