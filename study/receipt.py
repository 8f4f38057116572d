"""Record how far an object or a message is on its way to one destination."""

from __future__ import annotations

import structlog

from study import telemetry
from study.history import Delivered, Event
from study.ledger import Ledger
from study.model import Delivery, DeliveryState, StudyRecord

log = structlog.get_logger()


def record_delivery(study_uid: str, delivery: Delivery, ledger: Ledger) -> None:
    """Append the outcome of a try, unless it says nothing new: metric, log, then event.

    Raises
    ------
    RegistryUnavailableError
        If the event is kept but Redis could not be told.
    """
    key = (delivery.destination, delivery.instance_uid)

    def decide(record: StudyRecord | None) -> Event | None:
        if record is None:
            return None
        before = next((d for d in record.deliveries if (d.destination, d.instance_uid) == key), None)
        if before is not None and before.state is DeliveryState.SENT:
            return None  # another run of this job was quicker
        if before is not None and (before.state, before.reason) == (delivery.state, delivery.reason):
            return None  # a try that ended as the one before says nothing new
        attempts = 1 + (before.attempts if before is not None else 0)
        return Delivered(
            at=delivery.at or telemetry.now(),
            revision=record.revision,
            delivery=delivery.model_copy(update={"attempts": attempts}),
        )

    telemetry.DELIVERIES.labels(destination=delivery.destination, outcome=delivery.state).inc()
    log.info(
        "delivery",
        study_uid=study_uid,
        instance_uid=delivery.instance_uid,
        kind=delivery.kind,
        destination=delivery.destination,
        state=str(delivery.state),
        reason=delivery.reason,
    )
    ledger.append(study_uid, decide)
