"""Who has a study open: renewed by its page, told to the others."""

from __future__ import annotations

from fastapi import APIRouter

from web_viewer.deps import CheckedUID, HeldDep, PersonDep
from web_viewer.identity.person import Person
from web_viewer.presence import Present
from web_viewer.schemas import OtherReaders

router = APIRouter(prefix="/api/studies/{study_uid}/presence", tags=["review"])


@router.post("")
def renew_presence(study_uid: CheckedUID, kept: HeldDep, person: PersonDep) -> OtherReaders:
    """Say for 40 s that this login has the study open; returns who else has. It keeps nobody from reading."""
    who = _present(study_uid, person)
    if who is None:
        return OtherReaders(names=[])
    return OtherReaders(names=sorted({each.name for each in kept.presence.renew(who)}))


@router.delete("", status_code=204)
def end_presence(study_uid: CheckedUID, kept: HeldDep, person: PersonDep) -> None:
    """Say that this login has closed the study."""
    who = _present(study_uid, person)
    if who is not None:
        kept.presence.end(who)


def _present(study_uid: str, person: Person) -> Present | None:
    """Return who it is; None where nobody is logged in."""
    return Present(study_uid, person.subject, person.name or person.subject) if person.subject else None
