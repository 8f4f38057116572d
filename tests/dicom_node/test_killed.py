"""A receiver killed in the middle: what was acknowledged is there, what is there is whole."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom.dimse_messages import C_STORE_RQ

from study.archive import Archive
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.fuzz.mutation import TIMES
from tests.peers import acknowledged_in, associate, store_request, storescu, wait_for

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def lone_node(archive: Archive, redis_url: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", "tests.dicom_node.lone_node", str(archive.root), redis_url]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            first = next(line for line in process.stdout if line.strip().isdigit())
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield process, int(first)
        finally:
            process.kill()


@pytest.mark.peer
@pytest.mark.parametrize("seed", range(7, 7 + (1 if TIMES == 1 else 17)))  # three kills each
def test_every_acknowledged_instance_survives_a_kill_and_none_is_partial(
    archive, redis_url, tmp_path, seed
) -> None:
    chance = random.Random(seed)
    sent: dict[str, Path] = {}
    acknowledged: set[str] = set()
    for round_number in range(3):
        before = len(list(archive.root.rglob("*.dcm")))
        files = [saved(make_radiograph(512), tmp_path / f"sent{round_number}") for _ in range(40)]
        sent |= {file.stem: file for file in files}
        with lone_node(archive, redis_url) as (process, port):
            kill_at = before + chance.randrange(2, 25)
            killer = threading.Thread(
                target=kill_once_held, args=(process, archive, kill_at, chance.uniform(0, 0.03))
            )
            killer.start()
            printed = storescu(port, files, ok=False)
            killer.join()
        acknowledged |= acknowledged_in(printed)
        held = {path.stem: path for path in archive.root.rglob("*.dcm")}
        assert acknowledged <= held.keys(), "an acknowledged instance is lost"
        for uid, path in held.items():
            assert dataset_bytes(path) == dataset_bytes(sent[uid]), "an instance is partial"
    assert 0 < len(acknowledged) < len(sent), "no kill hit a transfer"
    studies = {path.parents[1].name for path in held.values() if path.stem in acknowledged}
    assert all(archive.events(uid) for uid in studies), "an acknowledged instance has left no event"


def kill_once_held(process: subprocess.Popen[str], archive: Archive, count: int, pause: float) -> None:
    """Kill `process` a moment after the archive has begun to hold `count` instances."""
    wait_for(lambda: sum(1 for _ in archive.root.rglob("*.dcm")) >= count, seconds=30, what="the transfer")
    time.sleep(pause)
    process.kill()


def test_a_transfer_cut_off_by_a_kill_leaves_nothing_to_see(archive, redis_url, a_radiograph) -> None:
    with lone_node(archive, redis_url) as (process, port):
        association = associate(port, a_radiograph.SOPClassUID)
        message = C_STORE_RQ()
        message.primitive_to_message(
            store_request(bytes(500_000), a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID)
        )
        for part in list(message.encode_msg(1, 16384))[:-3]:
            association.dul.send_pdu(part)
        wait_for(lambda: not association.dul.to_provider_queue.qsize(), what="the sending")
        time.sleep(0.1)
        process.kill()
        process.wait(5)
        wait_for(lambda: not association.is_established, what="the sender's noticing")
    assert list(archive.root.rglob("*.dcm")) == []
    assert list(archive.studies()) == []
