"""What a reader's statement of a finding makes of a study. Pure: the clock is an argument."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from study.errors import NotInArchiveError, StateError
from study.model import Certainty, Presence, Region, Statement, StudyRecord
from study.regions import may_lie
from study.state import State
from study.statements import Stated, plainly
from web_viewer.problems import BadRequestError
from web_viewer.schemas import PersonName, Wire


class StatedFinding(Wire):
    """Whether a finding is there, how surely, and where, as a reader says."""

    presence: Presence
    certainty: Certainty = Field(Certainty.HIGH, description="Of a finding that is present.")
    region: Region | None = Field(None, description="Null where it is not said; none of what is absent.")


class FindingEdit(Wire):
    """A reader's statement of one finding."""

    statement: StatedFinding | None = Field(description="Null: back to what was said before any reader did.")
    number: int | None = Field(
        None, description="Of the statement that this replaces, null where there was none; else 409."
    )
    reader: PersonName | None = Field(None, description="Who states it; a login with a name states as that.")


def state(
    record: StudyRecord, finding_id: str, wish: FindingEdit, reader: str, *, at: datetime
) -> Stated | None:
    """Return the event of a finding as a reader states it; None where that changes nothing.

    Raises
    ------
    NotInArchiveError
        If the study has no such finding.
    StateError
        If the report is signed, or somebody else stated the finding meanwhile, or drew what was stated.
    BadRequestError
        If the finding cannot lie where it is said to.
    """
    finding = next((f for f in record.findings if f.id == finding_id), None)
    if finding is None:
        raise NotInArchiveError("the study has no such finding")
    if record.state == State.SIGNED:
        raise StateError("the report is signed; what it rests on can no longer be changed")
    if (finding.stated.number if finding.stated else None) != wish.number:
        raise StateError("somebody else changed this finding meanwhile; load it again")
    said = None if wish.statement is None else plainly(Statement(**wish.statement.model_dump()))
    if finding.stated is None if said is None else said == plainly(finding.statement):
        return None
    if said is not None and not may_lie(finding, said.region):
        raise BadRequestError(f"{finding.label} does not lie in that region")
    return Stated(at=at, revision=record.revision, finding_id=finding_id, statement=said, reader=reader)
