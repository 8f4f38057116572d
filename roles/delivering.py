"""The job that brings a study's results to DICOM destinations, and its reports to endpoints."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from dicom_node.commitment_request import ask_commitment
from dicom_node.courier import Courier
from dicom_node.deliver import deliver_study
from dicom_node.pool import AssociationPool
from dicom_node.tls import client_context
from inference.presentation_state import keep_presentation_states
from inference.secondary_capture import keep_captures
from reporting.outbox import Outbox
from reporting.pdf_object import keep_pdfs
from reporting.tls import client_context as endpoint_context
from study.circuit import Circuit, Unhindered
from study.destination import DestinationPolicy
from study.errors import KidrayError
from study.fence import Fence
from study.forms import best
from study.jobs import Step
from study.learnt import Learnt
from study.model import ObjectKind, StudyRecord
from study.registry import connect
from study.service import Service
from study.telemetry import now


def delivery_step(service: Service, fence: Fence, learnt: Learnt, pool: AssociationPool) -> Step:
    """Return what delivers a study: objects and messages side by side, neither waiting for the other.

    Raises
    ------
    SettingsError
        If a file that TLS rests on cannot be used.
    """
    bring = _bring_objects(service, fence, learnt, pool)
    endpoints = service.settings.receivers
    if not endpoints:
        return bring
    for endpoint in endpoints:
        if endpoint.tls:
            endpoint_context(endpoint)
    outbox = Outbox(service.ledger, endpoints, Unhindered(connect(service.redis_url)))

    def deliver(study_uid: str) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="messages") as beside:
            messages = beside.submit(outbox.deliver, study_uid)
            try:
                bring(study_uid)
            except KidrayError as error:
                if error.retryable:
                    raise  # messages are tried again with it
                messages.result()  # what is final for the objects is not for these
                raise
        messages.result()

    return deliver


def _bring_objects(service: Service, fence: Fence, learnt: Learnt, pool: AssociationPool) -> Step:
    settings = service.settings
    for policy in settings.policies:
        if policy.node.tls is not None:
            client_context(policy.node.tls)  # a file that cannot be used is said at the start
    courier = Courier(
        pool=pool,
        circuit=Circuit(connect(service.redis_url)),
        learnt=learnt,
        calling_ae_title=settings.ae_title,
    )

    def bring(study_uid: str) -> None:
        try:
            deliver_study(
                study_uid,
                ledger=service.ledger,
                destinations=settings.policies,
                courier=courier,
                make=partial(make_forms, service=service, fence=fence),
            )
        finally:  # a destination that is down keeps no other from being asked
            ask_commitment(
                study_uid,
                ledger=service.ledger,
                destinations=[policy.node for policy in settings.policies if policy.commitment],
                calling_ae_title=settings.ae_title,
            )

    return bring


def expected_forms(policies: Iterable[DestinationPolicy], learnt: Learnt) -> set[ObjectKind]:
    """Return the kinds of object that destinations get, as far as is known before one is sent."""
    expected: set[ObjectKind] = set()
    for policy in policies:
        lesson = learnt.of(policy)
        expected |= set(best(policy, lesson.takes if lesson is not None else ()))
    return expected


def make_forms(record: StudyRecord, kinds: Collection[ObjectKind], *, service: Service, fence: Fence) -> None:
    """Keep those of a study's results that are made only where a destination gets them."""
    archive = service.ledger.archive
    if "CAPTURE" in kinds:
        keep_captures(record, archive=archive, display_of=fence.display_values, made_at=now())
    if "GSPS" in kinds:
        keep_presentation_states(record, archive=archive, made_at=now())
    if "PDF" in kinds:
        keep_pdfs(record, archive=archive)
