"""Which of a draft's findings a person has measured anew, or stated, since it was written. Pure."""

from __future__ import annotations

from study.model import DraftSource, Finding, Report, StudyRecord
from study.state import State

_MEASURES = (
    "presence",
    "certainty",
    "region",
    "area_px",
    "area_mm2",
    "area_plane",
    "count",
    "segment",
    "drawn_by",
)


def remeasured(record: StudyRecord, report: Report) -> set[str]:
    """Return the ids of the findings that are no longer what `report` was written from.

    A version that holds no observations, as older archives do, tells nothing.
    """
    before = {observed.id: observed for observed in report.observations}
    return {f.id for f in record.findings if f.id in before and _measures(f) != _measures(before[f.id])}


def redraft_owed(record: StudyRecord) -> bool:
    """Return whether a machine's draft, untouched by a reader, is older than what readers drew or stated."""
    draft = record.draft
    if record.state != State.DRAFTED or draft is None or draft.signature is not None:
        return False
    return draft.wording.source is not DraftSource.RADIOLOGIST and bool(remeasured(record, draft))


def _measures(finding: Finding) -> tuple[object, ...]:
    return tuple(getattr(finding, name) for name in _MEASURES)
