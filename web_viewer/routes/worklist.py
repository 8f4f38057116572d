"""GET /api/worklist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from study.state import State
from web_viewer.deps import HeldDep, RegistryDep
from web_viewer.presence import Presence
from web_viewer.schemas import Worklist
from web_viewer.worklist_index import Entry, Standing

router = APIRouter(prefix="/api", tags=["worklist"])


@router.get("/worklist")
def read_worklist(
    registry: RegistryDep,
    kept: HeldDep,
    state: Annotated[
        list[State | Literal[""]] | None, Query(description="Only these states; may be repeated.")
    ] = None,
    q: Annotated[str, Query(max_length=200, description="Part of name, ID, accession number …")] = "",
    accession: Annotated[str, Query(max_length=64, description="An accession number, whole.")] = "",
    delivery: Annotated[
        Standing | Literal[""], Query(description="How far the results are to the destinations.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Worklist:
    """Return a page of the worklist: critical and unsigned studies first, then the newest."""
    reading = _reading(kept.presence)
    wanted = _wanted(
        frozenset(State(each) for each in state or () if each),
        q.strip(),
        accession.strip(),
        delivery,
        {uid: "\n".join(names).casefold().replace("^", " ") for uid, names in reading.items()},
    )
    uids = registry.worklist() if wanted is None else kept.index.find(registry, wanted)
    rows = kept.index.rows(registry, uids[offset : offset + limit])
    items = [
        row.model_copy(update={"reading": reading[row.study_uid]}) if row.study_uid in reading else row
        for row in rows
    ]
    return Worklist(items=items, total=len(uids))


def _reading(presence: Presence) -> dict[str, list[str]]:
    """Return the names of those who have a study open now, by study."""
    found: dict[str, list[str]] = {}
    for each in sorted(presence.now()):
        names = found.setdefault(each.study_uid, [])
        if each.name not in names:
            names.append(each.name)
    return found


def _wanted(
    states: frozenset[State], words: str, accession: str, delivery: str, reading: Mapping[str, str]
) -> Callable[[Entry], bool] | None:
    """Return the test of an entry; None where every study is wanted."""
    parts = words.casefold().split()
    if not (states or parts or accession or delivery):
        return None

    def wanted(entry: Entry) -> bool:
        return (
            (not states or entry.state in states)
            and (not accession or entry.accession_number == accession)
            and (not delivery or entry.delivery == delivery)
            and all(part in entry.words or part in reading.get(entry.study_uid, "") for part in parts)
        )

    return wanted
