"""Storage commitment as SCU: ask destinations to vouch for what they were sent (PS3.4 annex J).

A transaction's UID is derived from what it is about, so asking twice is one transaction, and a report
is known for ours by its contents. Reports come over an association that the destination opens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

from dicom_node.associate import CONNECT_TIMEOUT, association
from dicom_node.commitment import REQUEST, Named, Report, locate, parse_report, request_dataset
from dicom_node.contexts import UNCOMPRESSED
from dicom_node.service_class import ServiceClass
from dicom_node.statuses import SUCCESS
from study import telemetry
from study.archive import InstanceReference
from study.errors import DeliveryError, KidrayError, NotDicomError, RegistryUnavailableError
from study.history import Committed, Event
from study.identifiers import derived_uid
from study.inspection import MALFORMED
from study.ledger import Ledger
from study.model import Commitment, DeliveryState, StudyRecord
from study.settings import Destination

log = structlog.get_logger()

INVALID_ARGUMENT = 0x0115  # PS3.7 annex C


def transaction_of(study_uid: str, ae_title: str, instance_uids: Iterable[str]) -> str:
    """Return the transaction UID under which a destination is asked to vouch for a study's instances."""
    return derived_uid(study_uid, "commitment", ae_title, *sorted(instance_uids))


def ask_commitment(
    study_uid: str,
    *,
    ledger: Ledger,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> None:
    """Ask each destination to vouch for what it was sent of a study and was not asked about yet.

    Raises
    ------
    DeliveryError
        If a destination is to be asked again later; it names them.
    NotInArchiveError
        If the archive holds no such study.
    """
    record = ledger.held(study_uid)
    held = {ref.instance_uid: ref for ref in ledger.archive.instances(study_uid)}
    again = []
    for destination in destinations:
        uids = [uid for uid in _not_asked(record, destination.ae_title) if uid in held]
        if not uids:
            continue
        try:
            outcome = _ask(
                destination,
                transaction_of(study_uid, destination.ae_title, uids),
                [_named(ledger, held[uid]) for uid in uids],
                calling_ae_title,
                connect_timeout,
            )
        except DeliveryError as error:
            again.append(str(error))
            continue
        _record(study_uid, destination.ae_title, dict.fromkeys(uids, outcome), ledger)
    if again:
        raise DeliveryError(f"commitment to be asked for again: {'; '.join(again)}")


class CommitmentReports:
    """Takes the N-EVENT-REPORTs of destinations, and records them on the studies they are about.

    Parameters
    ----------
    ledger
        Gets a `committed` event for each report.
    ae_titles
        The destinations that are asked.
    """

    def __init__(self, ledger: Ledger, ae_titles: Collection[str]) -> None:
        self._ledger = ledger
        self._ae_titles = tuple(ae_titles)

    def service(self) -> ServiceClass:
        """Return what to give to the receiver, beside the context of the commitment service."""
        return ServiceClass([], [(evt.EVT_N_EVENT_REPORT, self._reported)])

    def take(self, report: Report) -> None:
        """Record what a destination reports.

        Raises
        ------
        NotDicomError
            If it is no transaction of ours.
        """
        outcomes = dict.fromkeys((n.instance_uid for n in report.committed), Commitment.COMMITTED)
        outcomes |= dict.fromkeys((n.instance_uid for n in report.failed), Commitment.REFUSED)
        for study_uid in sorted({ref.study_uid for ref in locate(self._ledger.archive, outcomes).values()}):
            for title in self._ae_titles:
                if transaction_of(study_uid, title, outcomes) == report.transaction_uid:
                    _record(study_uid, title, outcomes, self._ledger)
                    return
        raise NotDicomError("the commitment report is about no transaction of ours")

    def _reported(self, event: evt.Event) -> tuple[int, None]:
        """Answer one N-EVENT-REPORT (PS3.7 section 10.1.1)."""
        calling = str(event.assoc.requestor.ae_title).strip()
        try:
            self.take(parse_report(_information(event)))
        except KidrayError as error:
            log.warning("commitment_report_refused", reason=str(error), calling_ae_title=calling)
            return INVALID_ARGUMENT, None
        return SUCCESS, None


def _not_asked(record: StudyRecord, ae_title: str) -> list[str]:
    return [
        d.instance_uid
        for d in record.deliveries
        if d.destination == ae_title and d.state is DeliveryState.SENT and d.commitment is None
    ]


def _ask(
    destination: Destination,
    transaction_uid: str,
    instances: Iterable[Named],
    calling_ae_title: str,
    connect_timeout: float,
) -> Commitment:
    """Return ASKED, or REFUSED where the destination does not offer storage commitment."""
    # Verification is there so that the association stands even if commitment is not offered.
    contexts = [build_context(c, list(UNCOMPRESSED)) for c in (StorageCommitmentPushModel, Verification)]
    with association(
        destination, contexts, calling_ae_title=calling_ae_title, connect_timeout=connect_timeout
    ) as opened:
        if StorageCommitmentPushModel not in {c.abstract_syntax for c in opened.accepted_contexts}:
            return Commitment.REFUSED
        try:
            answer, _ = opened.send_n_action(
                request_dataset(transaction_uid, instances),
                REQUEST,
                StorageCommitmentPushModel,
                StorageCommitmentPushModelInstance,
            )
        except RuntimeError as error:  # the association ended in between
            raise DeliveryError(f"{destination.ae_title} ended the association") from error
    if answer.get("Status") != SUCCESS:
        raise DeliveryError(f"{destination.ae_title} does not take the commitment request")
    return Commitment.ASKED


def _record(study_uid: str, ae_title: str, outcomes: Mapping[str, Commitment], ledger: Ledger) -> None:
    def decide(record: StudyRecord | None) -> Event | None:
        if record is None:
            return None
        held = {
            d.instance_uid: d.commitment
            for d in record.deliveries
            if d.destination == ae_title and d.state is DeliveryState.SENT
        }
        news = {
            uid: outcome
            for uid, outcome in outcomes.items()
            if uid in held and held[uid] != outcome and (held[uid] is None or outcome is not Commitment.ASKED)
        }
        if not news:
            return None
        return Committed(at=telemetry.now(), revision=record.revision, destination=ae_title, outcomes=news)

    for outcome in sorted(set(outcomes.values())):
        log.info("commitment", study_uid=study_uid, destination=ae_title, outcome=str(outcome))
    try:
        ledger.append(study_uid, decide)
    except RegistryUnavailableError:  # the event is kept; Redis is brought level when it is back
        log.warning("registry_unavailable", study_uid=study_uid)


def _named(ledger: Ledger, ref: InstanceReference) -> Named:
    header = ledger.archive.read(ref, pixels=False)
    return Named(str(UID(header.SOPClassUID)), ref.instance_uid)


def _information(event: evt.Event) -> Dataset:
    try:
        information: Dataset = event.event_information
    except MALFORMED as error:
        raise NotDicomError("the commitment report cannot be read") from error
    return information
