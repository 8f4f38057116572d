"""Sockets that say nothing and sockets that drip: the node still answers who speaks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from structlog.testing import capture_logs

from dicom_node.echo import echo
from dicom_node.receive import Receiver
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from study.settings import Destination
from tests.fuzz.mutation import TIMES

SILENT = DRIPPING = min(500, 150 * TIMES)


@pytest.fixture
def node(ledger: Ledger, queue: JobQueue) -> Iterator[Receiver]:
    receiver = Receiver(Intake(ledger, queue, quiet_period=60), ae_title="KIDRAY", host="127.0.0.1", port=0)
    receiver.start()
    yield receiver
    receiver.stop(grace=2)


def drip(connections: list[socket.socket], stop: threading.Event) -> None:
    """Send one byte a second of a request that claims to be long, on each connection."""
    head = b"\x01\x00\x00\x00\x40\x00"
    for at in range(1000):
        for connection in connections:
            with suppress(OSError):
                connection.send(head[at : at + 1] or b"\0")
        if stop.wait(1.0):
            return


def test_a_besieged_node_answers_who_speaks(node: Receiver) -> None:
    stop = threading.Event()
    with ExitStack() as held, capture_logs() as lines:
        silent = [held.enter_context(opened(node.port)) for _ in range(SILENT)]
        dripping = [held.enter_context(opened(node.port)) for _ in range(DRIPPING)]
        siege = threading.Thread(target=drip, args=(dripping, stop))
        siege.start()
        try:
            time.sleep(1.5)  # younger connections do not have to make room
            seconds = []
            for _ in range(10):
                began = time.monotonic()
                echo(Destination("KIDRAY", "127.0.0.1", node.port), calling_ae_title="TESTS")
                seconds.append(time.monotonic() - began)
        finally:
            stop.set()
            siege.join()
        print(f"{len(silent)} silent, {len(dripping)} dripping: C-ECHO {max(seconds):.3f} s at most")
        assert threading.active_count() < 2 * 250 + 50, "a thread for each that asks for nothing"
    assert "dicom_toolkit_exception" not in {line["event"] for line in lines}


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)
