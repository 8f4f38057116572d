"""The role `receive`: the DICOM node, and the watch over what has arrived."""

from __future__ import annotations

import threading

from dicom_node.commitment_request import CommitmentReports
from dicom_node.commitment_service import CommitmentService
from dicom_node.echo import echo
from dicom_node.guard import Access, Limits
from dicom_node.query import QueryService
from dicom_node.receive import Encrypted, Receiver
from dicom_node.retrieve import RetrieveService
from dicom_node.service_class import ServiceClass
from dicom_node.tls import server_context
from study.errors import DeliveryError
from study.fence import Fence
from study.holdings import Holdings
from study.reconcile import Reconciler
from study.service import Service
from study.settings import Destination, Settings


def run_node(service: Service, stop: threading.Event) -> None:
    """Receive until `stop` is set; associations in hand are let end."""
    settings = service.settings
    intake = service.intake()
    service.ledger.archive.clear_incoming()
    reconciler = Reconciler(
        service.ledger,
        service.queue,
        quiet_period=settings.quiet_period,
        destinations=settings.policies,
    )
    told = threading.Event()
    thread = threading.Thread(target=reconciler.run, args=(stop,), name="reconcile")
    telling = threading.Thread(target=intake.tell_beside, args=(told,), name="teller")
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
    )
    receiver.start()
    thread.start()
    telling.start()
    stop.wait()
    receiver.stop()
    told.set()  # of all that came until now
    fence.close()
    thread.join()
    telling.join()


def answers_echo(settings: Settings) -> bool:
    """Return whether the DICOM node of `settings` answers a C-ECHO."""
    node = Destination(settings.ae_title, "127.0.0.1", settings.dicom_port)
    try:
        echo(node, calling_ae_title="KIDRAY_UP", timeout=2.0)
    except DeliveryError:
        return False
    return True


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
