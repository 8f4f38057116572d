"""Who is told of critical results, put together from the settings, and the step that tells them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reporting.alert_endpoint import EndpointChannel
from reporting.alert_message import Naming
from reporting.notify import Channel, notify_study
from reporting.webhook import Webhook
from study.alert_watch import AlertWatch
from study.alerts import follows
from study.circuit import ALERT_RHYTHM, Unhindered
from study.jobs import Job, Step
from study.model import StudyRecord
from study.registry import connect
from study.service import Service
from study.settings import Settings
from study.telemetry import now


def channels_of(settings: Settings) -> list[Channel]:
    """Return every channel that is told of a critical result."""
    naming = Naming(viewer=settings.web_url, accession=settings.alert_accession)
    secret = settings.alert_secret.get_secret_value() if settings.alert_secret is not None else None
    hooks = [Webhook(url, secret=secret, naming=naming) for url in settings.alert_url]
    alerted = [endpoint for endpoint in settings.receivers if "ALERT" in endpoint.gets]
    return [*hooks, *(EndpointChannel(endpoint, settings.language) for endpoint in alerted)]


def alert_step(service: Service) -> Step:
    """Return the job that tells the channels of a study's alert."""
    circuit = Unhindered(connect(service.redis_url), kind="alert-circuit", rhythm=ALERT_RHYTHM)
    return partial(
        notify_study, ledger=service.ledger, channels=channels_of(service.settings), circuit=circuit
    )


def watch_of(service: Service) -> AlertWatch:
    """Return the watch over the service's open alerts."""
    settings = service.settings
    names = [channel.name for channel in channels_of(settings)]
    return AlertWatch(service.ledger, service.queue, after=settings.escalation, channels=names)


def with_alert(step: Callable[[str], StudyRecord], service: Service) -> Callable[[str], StudyRecord]:
    """Return a step that asks for the calls as soon as its result, or a reader's, has raised an alert.

    Nothing else stands before them: the alert is in the archive when the step returns, and the job
    has a queue and threads of its own. Where the step was killed between its result's event and the
    alert's, doing it again finds nothing left to do: the alert is raised here.
    """
    watch = watch_of(service)

    def run(study_uid: str) -> StudyRecord:
        record = step(study_uid)
        if follows(record, now()) is not None:
            record = service.ledger.append(study_uid, lambda _: None) or record
        if watch.owes(record):
            service.queue.ask(Job.ALERT, study_uid)
        return record

    return run
