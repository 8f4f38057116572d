"""Two hundred associations at once: each is accepted and answered, and a C-ECHO comes through beside them."""

from __future__ import annotations

import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from dicom_node.echo import echo
from study.archive import Archive
from study.settings import Destination
from tests.dicom_node.test_killed import lone_node
from tests.fuzz.conversation import Conversation, recorded
from tests.fuzz.corpus import Sound, radiographs
from tests.fuzz.mutation import TIMES

AT_ONCE = 40 if TIMES == 1 else 199  # and one more for the C-ECHO: as many as the node takes
ROUNDS = 1 if TIMES == 1 else 5
ACCEPTED, ANSWER, RELEASED = 2, 4, 6  # types of the PDUs that the node sends (PS3.8 section 9.3.1)
_RELEASE = 10  # bytes of an A-RELEASE-RQ

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]


class Sent(NamedTuple):
    """How long the node took to accept an association, and to answer its C-STORE."""

    accepted: float
    answered: float


def test_all_of_many_associations_at_once_are_accepted_and_answered(archive: Archive, redis_url: str) -> None:
    sound = next(radiographs())
    with lone_node(archive, redis_url) as (_, port):
        conversation = recorded(port, sound, instances=1)
        sent: list[Sent] = []
        echoes: list[float] = []
        over = threading.Event()
        beside = threading.Thread(target=echo_until, args=(over, port, echoes))
        beside.start()
        try:
            for _ in range(ROUNDS):
                together = threading.Barrier(AT_ONCE, timeout=120)
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    senders = [
                        pool.submit(store, port, conversation, sound, together) for _ in range(AT_ONCE)
                    ]
                sent += [sender.result() for sender in senders]
        finally:
            over.set()
            beside.join()
    assert len(list(archive.root.glob("*/*/*.dcm"))) == AT_ONCE * ROUNDS + 1
    assert echoes
    answered = sorted(each.answered for each in sent)
    print(
        f"{AT_ONCE} associations at once, {len(sent)} C-STOREs: median {answered[len(answered) // 2]:.2f} s, "
        f"p99 {answered[int(len(answered) * 0.99)]:.2f} s; accepted in {max(s.accepted for s in sent):.2f} s "
        f"at most; {len(echoes)} C-ECHOs, {max(echoes):.2f} s at most"
    )


def store(port: int, conversation: Conversation, sound: Sound, together: threading.Barrier) -> Sent:
    """Associate, wait for the others, store an instance of its own and release."""
    old = str(sound.instance_uid)
    new = "1.2." + "".join(random.choices("123456789", k=len(old) - 4))
    message = conversation.rest[:-_RELEASE].replace(old.encode(), new.encode())
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.monotonic()
        connection.sendall(conversation.request)
        assert pdu_type(connection) == ACCEPTED
        accepted = time.monotonic() - began
        together.wait()
        began = time.monotonic()
        connection.sendall(message)
        assert pdu_type(connection) == ANSWER
        answered = time.monotonic() - began
        connection.sendall(conversation.rest[-_RELEASE:])
        assert pdu_type(connection) == RELEASED
    return Sent(accepted, answered)


def pdu_type(connection: socket.socket) -> int:
    """Read a whole PDU, and return its type."""
    head = whole(connection, 6)
    whole(connection, int.from_bytes(head[2:6], "big"))
    return head[0]


def whole(connection: socket.socket, size: int) -> bytes:
    """Return that many bytes."""
    read = b""
    while len(read) < size:
        part = connection.recv(size - len(read))
        assert part, "the node hung up"
        read += part
    return read


def echo_until(over: threading.Event, port: int, seconds: list[float]) -> None:
    """Note how long a C-ECHO takes, again and again."""
    while not over.wait(0.1):
        seconds.append(echo(Destination("KIDRAY", "127.0.0.1", port), calling_ae_title="TESTS", timeout=60))
