"""Search the worklist, and give its rows, without reading again what has not changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel

from study.model import Delivery, DeliveryState, StudyRecord, StudySummary
from study.registry import Registry
from study.state import State
from web_viewer.schemas import WorklistItem

Standing = Literal["none", "pending", "sent", "failed"]

_ROWS = 2_000  # rows kept: some MB


class _Signature(BaseModel):
    signer: str


class _Work(BaseModel):
    reader: str


class _Draft(BaseModel):
    signature: _Signature | None = None


class Searched(BaseModel):
    """What of a `StudyRecord` an entry is made of; read some twenty times as fast as all of it."""

    study_uid: str
    state: State
    summary: StudySummary
    deliveries: list[Delivery] = []
    draft: _Draft | None = None
    worked: _Work | None = None


class Listed(StudyRecord):
    """A `StudyRecord` of whose draft no more is read than a row shows: the rest is most of it."""

    draft: _Draft | None = None  # type: ignore[assignment]


class Entry(NamedTuple):
    """What a study is searched by."""

    state: State
    accession_number: str
    patient_id: str
    delivery: Standing
    study_uid: str
    words: str  # case-folded: name, ID, accession number, description, UID, who signed or worked on it

    @classmethod
    def of(cls, record: Searched) -> Entry:
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
            record.worked.reader.replace("^", " ") if record.worked else "",
        )
        return cls(
            State(record.state),
            shown.accession_number,
            shown.patient_id,
            standing(record.deliveries),
            record.study_uid,
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
    """The entries of all studies, brought up to date by each search; safe for many threads.

    One search at a time brings them up to date: the others wait for it, and have little left to do.
    """

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, Entry]] = {}
        self._rows: OrderedDict[str, tuple[str, WorklistItem]] = OrderedDict()
        self._searching = threading.Lock()
        self._lock = threading.Lock()  # of the rows

    def patients(self, registry: Registry) -> dict[str, str]:
        """Return the Patient ID of every study.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        return {uid: entry.patient_id for uid, (_, entry) in self._up_to_date(registry).items()}

    def states(self, registry: Registry) -> list[State]:
        """Return the state of every study, in reading order.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        return [entry.state for _, entry in self._up_to_date(registry).values()]

    def find(self, registry: Registry, wanted: Callable[[Entry], bool]) -> list[str]:
        """Return the UIDs of the studies that are wanted, in reading order.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        return [uid for uid, (_, entry) in self._up_to_date(registry).items() if wanted(entry)]

    def rows(self, registry: Registry, study_uids: Sequence[str]) -> list[WorklistItem]:
        """Return the rows of the given studies, those not held left out.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        stamps = registry.stamps_of(study_uids)
        with self._lock:
            known = {uid: row for uid in stamps if (row := self._rows.get(uid)) and row[0] == stamps[uid]}
        changed = [uid for uid in stamps if uid not in known]
        for record in registry.read(changed, Listed):
            known[record.study_uid] = (stamps[record.study_uid], WorklistItem.of(record))
        with self._lock:
            for uid, row in known.items():
                self._rows[uid] = row
                self._rows.move_to_end(uid)
            while len(self._rows) > _ROWS:
                self._rows.popitem(last=False)
        return [known[uid][1] for uid in study_uids if uid in known]

    def _up_to_date(self, registry: Registry) -> dict[str, tuple[str, Entry]]:
        """Return stamp and entry of every study, in reading order; never changed once returned."""
        with self._searching:
            stamps = registry.stamps()
            known = self._entries
            changed = [uid for uid, stamp in stamps.items() if uid not in known or known[uid][0] != stamp]
            read = {each.study_uid: Entry.of(each) for each in registry.read(changed, Searched)}
            self._entries = {
                uid: (stamp, read[uid]) if uid in read else known[uid]
                for uid, stamp in stamps.items()
                if uid in read or (uid in known and known[uid][0] == stamp)
            }
            return self._entries
