"""Open an association with a destination, or say in words why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from dicom_node.toolkit import prepare_toolkit, turn_nagle_off
from study.errors import DeliveryError
from study.settings import Destination

CONNECT_TIMEOUT = 5.0  # seconds until a TCP connection stands
ANSWER_TIMEOUT = 60.0  # seconds for the answer to one request


@contextmanager
def association(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    *,
    calling_ae_title: str,
    connect_timeout: float = CONNECT_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
) -> Iterator[Association]:
    """Run the block with an association, and release it after.

    Raises
    ------
    DeliveryError
        If the destination does not answer, or rejects the association.
    """
    prepare_toolkit()
    ae = AE(ae_title=calling_ae_title)
    ae.connection_timeout = connect_timeout
    ae.acse_timeout = answer_timeout
    ae.dimse_timeout = answer_timeout
    ae.network_timeout = answer_timeout
    opened = ae.associate(
        destination.host,
        destination.port,
        contexts=list(contexts),
        ae_title=destination.ae_title,
        max_pdu=0,
        evt_handlers=[(evt.EVT_CONN_OPEN, turn_nagle_off)],
    )
    if not opened.is_established:
        raise DeliveryError(f"{spelled(destination)} {_why_not(opened)}")
    try:
        yield opened
    finally:
        if opened.is_established:
            opened.release()


def spelled(destination: Destination) -> str:
    """Return ``AE@HOST:PORT``."""
    return f"{destination.ae_title}@{destination.host}:{destination.port}"


def _why_not(attempt: Association) -> str:
    if attempt.is_rejected:
        return f"rejects the association: {attempt.acceptor.primitive.reason_str}"
    if attempt.acceptor.primitive is not None:
        return "accepts nothing of what is to be sent"
    return "does not answer"
