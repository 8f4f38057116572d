"""GET /api/worklist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from study.model import StudyRecord
from study.registry import Registry
from study.state import State
from web_viewer.deps import RegistryDep
from web_viewer.schemas import Worklist, WorklistItem

router = APIRouter(prefix="/api", tags=["worklist"])

_AT_ONCE = 500  # records fetched in one round trip while searching


@router.get("/worklist")
def read_worklist(
    registry: RegistryDep,
    state: Annotated[
        list[State | Literal[""]] | None, Query(description="Only these states; may be repeated.")
    ] = None,
    q: Annotated[str, Query(max_length=200, description="Part of name, ID, accession number …")] = "",
    accession: Annotated[str, Query(max_length=64, description="An accession number, whole.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Worklist:
    """Return a page of the worklist: critical and unsigned studies first, then the newest."""
    states = frozenset(State(each) for each in state or () if each)
    if not (states or q.strip() or accession.strip()):
        uids = registry.worklist()
        records = registry.records(uids[offset : offset + limit])
        return Worklist(items=[WorklistItem.of(r) for r in records], total=len(uids))
    found = _search(registry, _wanted(states, q.strip(), accession.strip()))
    return Worklist(items=[WorklistItem.of(r) for r in found[offset : offset + limit]], total=len(found))


def _wanted(states: frozenset[State], words: str, accession: str) -> Callable[[StudyRecord], bool]:
    parts = words.casefold().split()

    def wanted(record: StudyRecord) -> bool:
        if states and record.state not in states:
            return False
        if accession and record.summary.accession_number != accession:
            return False
        return not parts or all(part in _text(record) for part in parts)

    return wanted


def _text(record: StudyRecord) -> str:
    shown = record.summary
    fields = (
        shown.patient_name.replace("^", " "),
        shown.patient_id,
        shown.accession_number,
        shown.study_description,
        record.study_uid,
    )
    return "\n".join(fields).casefold()


def _search(registry: Registry, wanted: Callable[[StudyRecord], bool]) -> list[StudyRecord]:
    uids = registry.worklist()
    return [
        record
        for start in range(0, len(uids), _AT_ONCE)
        for record in registry.records(uids[start : start + _AT_ONCE])
        if wanted(record)
    ]
