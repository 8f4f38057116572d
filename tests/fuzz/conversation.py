"""What a sender says on the wire, recorded from a real association, and how to say it again."""

from __future__ import annotations

import random
import select
import socket
import threading
from contextlib import suppress
from typing import NamedTuple

from tests.fuzz.corpus import Sound
from tests.fuzz.mutation import mutant
from tests.peers import associate, exchange, store_request


class Conversation(NamedTuple):
    """What a sender says."""

    request: bytes  # the A-ASSOCIATE-RQ PDU, after which it waits for the answer
    rest: bytes  # C-STORE requests with their data sets, and the release


def recorded(port: int, sound: Sound, instances: int = 2) -> Conversation:
    """Return what a sender says to the node to store an instance some times, and to release."""
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as between:
        listening = threading.Thread(target=_between, args=(between, port, said))
        listening.start()
        association = associate(between.getsockname()[1], sound.sop_class_uid, sound.syntax)
        for _ in range(instances):
            request = store_request(sound.body, sound.sop_class_uid, sound.instance_uid)
            assert exchange(association, request).Status == 0
        association.release()
        listening.join(20)
    stream = b"".join(said)
    end = 6 + int.from_bytes(stream[2:6], "big")
    return Conversation(stream[:end], stream[end:])


def damaged(conversation: Conversation, chance: random.Random) -> Conversation:
    """Return a conversation that is damaged somewhere: in its request, or mostly early in the rest."""
    request, rest = conversation
    if chance.random() < 0.35:
        return Conversation(mutant(request, chance), rest)
    return Conversation(request, mutant(rest, chance, within=1500))


def _between(server: socket.socket, port: int, said: list[bytes]) -> None:
    """Carry one conversation between a sender and the node, keeping what the sender says."""
    sender, _ = server.accept()
    with sender, socket.create_connection(("127.0.0.1", port)) as node:
        back = threading.Thread(target=_carry, args=(node, sender, []))
        back.start()
        _carry(sender, node, said)
        back.join(20)


def _carry(source: socket.socket, sink: socket.socket, said: list[bytes]) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            said.append(part)
            sink.sendall(part)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def say(port: int, conversation: Conversation, seed: int, *, patience: float) -> bool:
    """Say it to the node, in a few pieces; returns whether the node hung up within `patience` seconds.

    Some senders close their half when they are done, others keep the connection open and wait.
    """
    chance = random.Random(seed)
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as sender:
        with suppress(OSError):  # the node has heard enough
            sender.sendall(conversation.request)
            select.select([sender], [], [], 1.0)
            size = chance.choice((4096, 65536, 1 << 20))
            for start in range(0, len(conversation.rest), size):
                sender.sendall(conversation.rest[start : start + size])
            if chance.random() < 0.5:
                sender.shutdown(socket.SHUT_WR)
        try:
            while sender.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
    return True
