"""Wait for studies to come out at the end, and show them as a table."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from rich.table import Table

from study.findings import FINDINGS
from study.model import Presence, StudyRecord
from study.registry import Registry
from study.state import FINISHED, State

_COLOR = {State.DRAFTED: "green", State.SIGNED: "green", State.SKIPPED: "yellow", State.FAILED: "red"}


def wait_until_finished(
    registry: Registry,
    study_uids: Collection[str],
    *,
    seconds: float,
    stop: threading.Event,
    on_change: Callable[[list[StudyRecord]], None] = lambda _: None,
) -> list[StudyRecord]:
    """Return the studies' records once no job can take them, or when `seconds` are over."""
    until = time.monotonic() + seconds
    while True:
        records = registry.records(list(study_uids))
        on_change(records)
        finished = len(records) == len(study_uids) and all(State(r.state) in FINISHED for r in records)
        if finished or time.monotonic() > until or stop.wait(0.2):
            return records


def seconds_to_draft(record: StudyRecord) -> float | None:
    """Return the seconds from the first instance of the newest revision to its draft; None before."""
    begun = [t.at for t in record.timeline if t.step == "received" and t.revision == record.revision]
    drafted = [t.at for t in record.timeline if t.step == "drafted" and t.revision == record.revision]
    return (drafted[-1] - begun[0]).total_seconds() if begun and drafted else None


def table(records: Collection[StudyRecord], sent_as: dict[str, str]) -> Table:
    """Return a table of studies with what came of each.

    Parameters
    ----------
    sent_as
        What each study was sent as, by Study Instance UID: the truth of a phantom.
    """
    shown = Table("sent as", "state", "findings (probability)", "draft", "seconds", header_style="bold")
    for record in records:
        present = [f for f in record.findings if f.presence is not Presence.ABSENT]
        words = ", ".join(
            f"{'' if f.presence is Presence.PRESENT else 'perhaps '}{FINDINGS[f.label].name_en} "
            f"{f.probability:.2f}"
            for f in present
        )
        seconds = seconds_to_draft(record)
        color = _COLOR.get(State(record.state), "white")
        shown.add_row(
            sent_as.get(record.study_uid, record.study_uid),
            f"[{color}]{record.state}[/{color}]",
            f"[bold red]{words}[/bold red]" if record.critical else words or record.reason or "none",
            record.draft.wording.source if record.draft else "-",
            f"{seconds:.1f}" if seconds is not None else "-",
        )
    return shown
