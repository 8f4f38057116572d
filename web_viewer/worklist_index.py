"""Search the worklist without reading again what has not changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from study.model import StudyRecord
from study.registry import Registry
from study.state import State

_AT_ONCE = 500  # records fetched in one round trip


class Entry(NamedTuple):
    """What a study is searched by."""

    state: State
    accession_number: str
    patient_id: str
    words: str  # case-folded: name, ID, accession number, description, UID

    @classmethod
    def of(cls, record: StudyRecord) -> Entry:
        """Return the entry of a study."""
        shown = record.summary
        words = (
            shown.patient_name.replace("^", " "),
            shown.patient_id,
            shown.accession_number,
            shown.study_description,
            record.study_uid,
        )
        return cls(State(record.state), shown.accession_number, shown.patient_id, "\n".join(words).casefold())


class WorklistIndex:
    """The entries of all studies, brought up to date by each search; safe for many threads."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, Entry]] = {}
        self._lock = threading.Lock()

    def states(self, registry: Registry) -> list[State]:
        """Return the state of every study, in reading order.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        uids = self.find(registry, lambda _: True)
        with self._lock:
            known = self._entries
        return [known[uid][1].state for uid in uids if uid in known]

    def find(self, registry: Registry, wanted: Callable[[Entry], bool]) -> list[str]:
        """Return the UIDs of the studies that are wanted, in reading order.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        stamps = registry.stamps()
        with self._lock:
            known = self._entries
        changed = [uid for uid, stamp in stamps.items() if uid not in known or known[uid][0] != stamp]
        fresh = {uid: known[uid] for uid in stamps.keys() - set(changed)}
        for start in range(0, len(changed), _AT_ONCE):
            for record in registry.records(changed[start : start + _AT_ONCE]):
                fresh[record.study_uid] = (stamps[record.study_uid], Entry.of(record))
        with self._lock:
            self._entries = fresh
        return [uid for uid in stamps if uid in fresh and wanted(fresh[uid][1])]
