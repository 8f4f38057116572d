"""How pynetdicom and pydicom are set up here: quiet about identities, with files sent as they are."""

from __future__ import annotations

import logging
import socket

import pydicom.config
import structlog
from pynetdicom import _config, evt
from pynetdicom.association import Association

log = structlog.get_logger()


class _Events(logging.Handler):
    """Hands on errors; an exception by its type and place only, for its text may quote an element."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.funcName == "connect":
            return  # raised as a DeliveryError, in better words
        if record.exc_info is None or record.exc_info[0] is None:
            log.warning("dicom_toolkit", message=record.getMessage(), source=record.module)
            return
        kind, _, trace = record.exc_info
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else record.module
        log.error("dicom_toolkit_exception", exception=kind.__name__, source=place)


def prepare_toolkit() -> None:
    """Set pynetdicom's and pydicom's switches; called before an association is made or accepted.

    Its own logging prints data sets and costs most of a small C-STORE; sending in chunks puts a
    file's bytes on the wire without decoding them. pydicom's warnings about odd values quote them.
    """
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    _config.LOG_HANDLER_LEVEL = "none"
    _config.STORE_SEND_CHUNKED_DATASET = True
    logger = logging.getLogger("pynetdicom")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    logger.handlers = [_Events()]


def connection(association: Association) -> socket.socket | None:
    """Return the association's socket, or None once it is closed."""
    wrapped = association.dul.socket
    found: socket.socket | None = wrapped.socket if wrapped is not None else None
    return found


def turn_nagle_off(event: evt.Event) -> None:
    """Send small messages at once: the peer waits for them. For `evt.EVT_CONN_OPEN`."""
    opened = connection(event.assoc)
    if opened is not None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def keep_answers(association: Association) -> None:
    """Keep a requestor's reactor from taking the answer that the requestor waits for.

    While a request is under way pynetdicom pauses its reactor, but it can run once more after it
    was seen paused: on a busy machine one C-STORE in some thousands then waits in vain. The reactor
    asks for a message without blocking, the requestor with; here none is meant for the reactor.
    """
    dimse = association.dimse
    wait_for_answer = dimse.get_msg
    dimse.get_msg = lambda block=False: wait_for_answer(block=True) if block else (None, None)
