"""Bring reports to every FHIR server and HL7 receiver that is owed one, each recorded as it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from reporting.exports import pdf_of
from reporting.fhir import report_bundle
from reporting.hl7 import oru_message
from reporting.mllp import send_hl7
from reporting.reported import Reported, version_of
from reporting.rest import send_fhir
from study import telemetry
from study.archive import Archive
from study.circuit import Circuit
from study.endpoint import Endpoint
from study.errors import DeliveryError, NotDicomError, NotInArchiveError, RefusedError
from study.ledger import Ledger
from study.model import Delivery, DeliveryState, StudyRecord
from study.owed import OwedMessage, messages_owed, still_owed
from study.receipt import record_delivery

log = structlog.get_logger()


class Outbox:
    """Sends reports as messages.

    Parameters
    ----------
    ledger
        Gets a `delivered` event whenever the outcome for a message changes: sent, failed (refused) or
        pending (the endpoint did not answer).
    endpoints
        Who gets reports, and which.
    circuit
        Knows who does not answer just now: they are not tried.
    clock
        Gives the time with its zone.
    """

    def __init__(
        self,
        ledger: Ledger,
        endpoints: Sequence[Endpoint],
        circuit: Circuit,
        clock: Callable[[], datetime] = telemetry.now,
    ) -> None:
        self._ledger = ledger
        self._endpoints = endpoints
        self._circuit = circuit
        self._clock = clock

    def deliver(self, study_uid: str) -> None:
        """Send what the study owes to each endpoint, side by side; doing it again sends the rest.

        To one endpoint versions go in their order, so that none takes the place of a later one.

        Raises
        ------
        DeliveryError
            If something is to be tried again; it names the endpoints.
        NotInArchiveError
            If the archive holds no such study.
        """
        record = self._ledger.held(study_uid)
        work = [(e, lacking) for e in self._endpoints if (lacking := _lacking(record, e))]
        if not work:
            return
        with ThreadPoolExecutor(len(work), thread_name_prefix="outbox") as pool:
            tries = [pool.submit(self._bring, study_uid, *each) for each in work]
        broken = [error for done in tries if (error := done.exception()) is not None]
        again = [reason for done in tries if done.exception() is None and (reason := done.result())]
        if again:  # before what may be final for one endpoint: the others are to be tried again
            raise DeliveryError(f"to be tried again: {'; '.join(sorted(again))}")
        if broken:
            raise broken[0]

    def _bring(self, study_uid: str, endpoint: Endpoint, lacking: Sequence[OwedMessage]) -> str | None:
        """Send messages until one has to wait; returns why it has to."""
        for owed in lacking:
            reason = self._circuit.why_not(endpoint.name)
            if reason is None:
                state, reason = self._sent(study_uid, owed, endpoint)
            else:
                state = DeliveryState.PENDING
            delivery = Delivery(
                destination=endpoint.name,
                series_uid=study_uid,
                instance_uid=owed.instance_uid,
                kind=owed.kind,
                state=state,
                reason=reason,
                at=self._clock(),
            )
            record_delivery(study_uid, delivery, self._ledger)
            if state is DeliveryState.PENDING:
                return f"{endpoint.name} ({reason})"
        return None

    def _sent(
        self, study_uid: str, owed: OwedMessage, endpoint: Endpoint
    ) -> tuple[DeliveryState, str | None]:
        try:
            reported = version_of(self._ledger, study_uid, owed.version, signed=owed.signed)
            send_report(reported, endpoint, self._ledger.archive)
        except RefusedError as error:
            self._circuit.succeeded(endpoint.name)  # it answers, if not kindly
            return DeliveryState.FAILED, str(error)
        except DeliveryError as error:
            self._circuit.failed(endpoint.name, str(error))
            return DeliveryState.PENDING, str(error)
        self._circuit.succeeded(endpoint.name)
        return DeliveryState.SENT, None


def send_report(reported: Reported, endpoint: Endpoint, archive: Archive) -> None:
    """Send one report version to one endpoint, in what it speaks.

    Raises
    ------
    RefusedError
        If it is refused in a way that another try does not change.
    DeliveryError
        If the endpoint does not answer, or cannot take it just now.
    """
    pdf = _pdf(reported, archive) if endpoint.with_pdf else None
    if endpoint.kind == "HL7":
        send_hl7(oru_message(reported, endpoint, pdf=pdf), endpoint)
        return
    bundle = report_bundle(
        reported,
        version=endpoint.fhir_version,
        pdf=pdf,
        patient_system=endpoint.patient_system,
        accession_system=endpoint.accession_system,
    )
    send_fhir(bundle, endpoint)


def _lacking(record: StudyRecord, endpoint: Endpoint) -> list[OwedMessage]:
    return still_owed(record, messages_owed(record, endpoint), endpoint)


def _pdf(reported: Reported, archive: Archive) -> bytes | None:
    try:
        return pdf_of(reported, archive)
    except (NotInArchiveError, NotDicomError) as error:
        uid, version = reported.record.study_uid, reported.report.version
        log.warning("pdf_not_made", study_uid=uid, version=version, reason=str(error))
        return None
