"""The role `receive`: the DICOM node, and the watch over what has arrived."""

from __future__ import annotations

import threading
from datetime import timedelta

import structlog

from dicom_node.echo import echo
from roles.acceptors import Acceptors, can_share_a_port
from roles.alerting import watch_of
from roles.receiving import receiving
from study.errors import DeliveryError
from study.reconcile import Reconciler
from study.retention import Retention
from study.service import Service
from study.settings import Destination, Settings

log = structlog.get_logger()


def run_node(service: Service, stop: threading.Event) -> None:
    """Receive until `stop` is set; associations in hand are let end."""
    settings = service.settings
    service.ledger.archive.clear_incoming()
    reconciler = Reconciler(
        service.ledger,
        service.queue,
        quiet_period=settings.quiet_period,
        destinations=settings.recipients,
        retention=_retention(service),
        alerts=watch_of(service),
    )
    thread = threading.Thread(target=reconciler.run, args=(stop,), name="reconcile")
    beside = _processes(settings) - 1
    with receiving(service, is_shared=beside > 0) as receiver:
        thread.start()
        port, *tls = receiver.ports
        ports = {"dicom_port": port, **({"dicom_tls_port": tls[0]} if tls else {})}
        acceptors = Acceptors(beside, settings.model_copy(update=ports), reconciler.look_again)
        stop.wait()
        acceptors.end()
    acceptors.wait()
    thread.join()


def _processes(settings: Settings) -> int:
    """Return how many processes receive; one where the system lets no more listen on a port."""
    if settings.dicom_processes > 1 and not can_share_a_port():
        log.warning("port_not_shared", asked_for=settings.dicom_processes)
        return 1
    return settings.dicom_processes


def _retention(service: Service) -> Retention:
    settings = service.settings
    return Retention(
        service.ledger,
        settings.recipients,
        older_than=None if settings.keep_days is None else timedelta(days=settings.keep_days),
        keep_free=settings.keep_free,
    )


def answers_echo(settings: Settings) -> bool:
    """Return whether the DICOM node of `settings` answers a C-ECHO."""
    node = Destination(settings.ae_title, "127.0.0.1", settings.dicom_port)
    try:
        echo(node, calling_ae_title="KIDRAY_UP", timeout=2.0)
    except DeliveryError:
        return False
    return True
