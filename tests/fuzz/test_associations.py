"""Damaged conversations, byte by byte: each one ends, and the node goes on."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pydicom.config
import pytest
from structlog.testing import capture_logs

from dicom_node.echo import echo
from dicom_node.guard import Limits
from dicom_node.receive import Receiver
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from study.settings import Destination
from tests.fuzz.conversation import damaged, recorded, say
from tests.fuzz.corpus import radiographs
from tests.fuzz.mutation import TIMES
from tests.peers import wait_for

STREAMS = 120 * TIMES
AT_ONCE = 24
LIMITS = Limits(request_seconds=1.0, idle_seconds=1.0, pdu_seconds=1.0, message_seconds=5.0)
SEED = 20260302


@pytest.fixture
def node(ledger: Ledger, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(pydicom.config.settings, "_reading_validation_mode", pydicom.config.IGNORE)
    intake = Intake(ledger, queue, quiet_period=60)
    receiver = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0, limits=LIMITS)
    receiver.start()
    yield receiver
    receiver.stop(grace=2)


@pytest.mark.timeout(60 * TIMES + 120)
def test_every_damaged_conversation_ends_and_the_node_goes_on(node: Receiver, ledger: Ledger) -> None:
    sound = next(radiographs())
    conversation = recorded(node.port, sound)
    idle_threads = threading.active_count()
    assert say(node.port, conversation, 0, patience=20.0), "the sound conversation does not end"
    before = psutil.Process().memory_info().rss

    def converse(seed: int) -> bool:
        return say(node.port, damaged(conversation, random.Random(SEED + seed)), seed, patience=30.0)

    with capture_logs() as lines, ThreadPoolExecutor(AT_ONCE) as senders:
        ended = Counter(senders.map(converse, range(STREAMS)))
    assert ended == {True: STREAMS}
    wait_for(lambda: threading.active_count() <= idle_threads, what="the end of the associations' threads")
    assert psutil.Process().memory_info().rss - before < 300 << 20
    assert echo(Destination("KIDRAY", "127.0.0.1", node.port), calling_ae_title="TESTS") < 5
    events = Counter(str(line["event"]) for line in lines)
    assert min(events["stored"], events["refused"], events["association_aborted"]) > 0, events
    for file in ledger.archive.root.rglob("*.dcm"):
        assert file.resolve().is_relative_to(ledger.archive.root.resolve())
    print(f"{STREAMS} conversations: {dict(events)}")
