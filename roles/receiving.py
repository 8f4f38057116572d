"""Put the receiver together from the settings, with what tells Redis beside it."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dicom_node.commitment_request import CommitmentReports
from dicom_node.commitment_service import CommitmentService
from dicom_node.guard import Access, Limits
from dicom_node.query import QueryService
from dicom_node.receive import Encrypted, Receiver
from dicom_node.retrieve import RetrieveService
from dicom_node.service_class import ServiceClass
from dicom_node.tls import server_context
from study.fence import Fence
from study.holdings import Holdings
from study.service import Service
from study.settings import Settings

_OPEN_FILES = 8192


@contextmanager
def receiving(service: Service, *, is_shared: bool = False) -> Iterator[Receiver]:
    """Receive while the context lasts; associations in hand are let end then.

    `is_shared` says whether other processes listen on the same ports.
    """
    settings = service.settings
    _allow_open_files()
    intake = service.intake()
    fence = Fence(1)
    receiver = Receiver(
        intake,
        ae_title=settings.ae_title,
        host=settings.dicom_host,
        port=settings.dicom_port,
        limits=_limits(settings),
        access=Access(settings.calling_ae_titles, settings.called_ae_titles, settings.dicom_networks),
        encrypted=_encrypted(settings),
        services=_answering_services(service, fence),
        is_shared=is_shared,
    )
    told = threading.Event()
    telling = threading.Thread(target=intake.tell_beside, args=(told,), name="teller")
    receiver.start()
    telling.start()
    try:
        yield receiver
    finally:
        receiver.stop()
        told.set()  # of all that came until now
        telling.join()
        fence.close()


def _allow_open_files() -> None:
    """Let this process have as many files open as an association each may need; the usual 1024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _limits(settings: Settings) -> Limits:
    return Limits(
        most_associations=settings.most_associations,
        most_connections=settings.most_associations + 50,
        most_per_address=settings.most_per_address,
        idle_seconds=settings.idle_timeout,
        largest_message=settings.largest_message << 20,
    )


def _encrypted(settings: Settings) -> Encrypted | None:
    if settings.dicom_tls_certificate is None or settings.dicom_tls_key is None:
        return None
    context = server_context(
        settings.dicom_tls_certificate, settings.dicom_tls_key, peers=settings.dicom_tls_authorities
    )
    return Encrypted(settings.dicom_tls_port, context)


def _answering_services(service: Service, fence: Fence) -> list[ServiceClass]:
    """Return what the node answers beside verification and storage."""
    settings, archive = service.settings, service.ledger.archive
    holdings = Holdings(archive)
    known = [*(policy.node for policy in settings.policies), *settings.move_destinations]
    return [
        QueryService(holdings, ae_title=settings.ae_title).service(),
        RetrieveService(holdings, archive, known, ae_title=settings.ae_title, fence=fence).service(),
        CommitmentService(archive, known, ae_title=settings.ae_title).service(),
        CommitmentReports(
            service.ledger, [p.node.ae_title for p in settings.policies if p.commitment]
        ).service(),
    ]
