"""Search the worklist without reading again what has not changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from study.model import Delivery, DeliveryState, StudyRecord
from study.registry import Registry
from study.state import State

Standing = Literal["none", "pending", "sent", "failed"]

_AT_ONCE = 500  # records fetched in one round trip


class Entry(NamedTuple):
    """What a study is searched by."""

    state: State
    accession_number: str
    patient_id: str
    delivery: Standing
    words: str  # case-folded: name, ID, accession number, description, UID, who signed

    @classmethod
    def of(cls, record: StudyRecord) -> Entry:
        """Return the entry of a study."""
        shown = record.summary
        signature = record.draft.signature if record.draft else None
        words = (
            shown.patient_name.replace("^", " "),
            shown.patient_id,
            shown.accession_number,
            shown.study_description,
            record.study_uid,
            signature.signer.replace("^", " ") if signature else "",
        )
        return cls(
            State(record.state),
            shown.accession_number,
            shown.patient_id,
            standing(record.deliveries),
            "\n".join(words).casefold(),
        )


def standing(deliveries: Iterable[Delivery]) -> Standing:
    """Return how far a study's results are: not taken by somebody, on their way, all there, or none made."""
    states = {delivery.state for delivery in deliveries}
    if DeliveryState.FAILED in states:
        return "failed"
    if DeliveryState.PENDING in states:
        return "pending"
    return "sent" if states else "none"


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
