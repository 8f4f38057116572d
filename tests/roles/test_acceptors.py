"""Several processes receive on one port, and one that is killed loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from pydicom import Dataset

from roles.acceptors import can_share_a_port
from study.archive import Archive
from study.registry import Registry
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import associate, free_port, listens, store_raw, wait_for

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60.0

pytestmark = pytest.mark.skipif(not can_share_a_port(), reason="the system shares no port")


@pytest.fixture
def node(tmp_path: Path, redis_url: str, registry: Registry) -> Iterator[tuple[psutil.Process, int]]:
    """A node of two processes; registry is asked for so that Redis is empty."""
    port = free_port()
    environment = {
        **os.environ,
        "KIDRAY_HOME": str(tmp_path),
        "KIDRAY_REDIS_URL": redis_url,
        "KIDRAY_DICOM_HOST": "127.0.0.1",
        "KIDRAY_DICOM_PORT": str(port),
        "KIDRAY_DICOM_PROCESSES": "2",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "receive"],
        env=environment,
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(lambda: listens(port), seconds=SECONDS, what="the node's start")
            yield psutil.Process(process.pid), port
        finally:
            beside = psutil.Process(process.pid).children()
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)
    assert process.returncode == 0
    assert not any(each.is_running() for each in beside)


def the_other(first: psutil.Process, port: int) -> psutil.Process:
    """Return the process beside `first`, once it listens."""

    def listening() -> psutil.Process | None:
        for child in first.children():
            try:
                if "roles.acceptor" not in child.cmdline():  # another, or one that is not itself yet
                    continue
                connections = child.net_connections()
            except psutil.Error:  # it has just ended
                continue
            if any(c.laddr.port == port and c.status == psutil.CONN_LISTEN for c in connections):
                return child
        return None

    found: psutil.Process = wait_for(listening, seconds=SECONDS, what="the other process")
    return found


def connected(process: psutil.Process, port: int) -> int:
    return sum(
        c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED for c in process.net_connections()
    )


def test_connections_are_spread_and_a_killed_process_is_replaced(
    node: tuple[psutil.Process, int], tmp_path: Path, registry: Registry
) -> None:
    first, port = node
    other = the_other(first, port)
    with ExitStack() as stack:
        sop_class = "1.2.840.10008.5.1.4.1.1.1"
        for _ in range(24):
            stack.callback(associate(port, sop_class).release)
        assert connected(first, port) + connected(other, port) == 24
        assert connected(first, port) > 0
        assert connected(other, port) > 0

    sent = [make_radiograph() for _ in range(12)]
    give(sent[:6], port, tmp_path)
    other.kill()
    wait_for(lambda: other not in first.children(), seconds=SECONDS, what="the end of the killed process")
    the_other(first, port)
    give(sent[6:], port, tmp_path)

    archive = Archive(tmp_path / "archive")
    assert {path.stem for path in archive.root.rglob("*.dcm")} == {str(d.SOPInstanceUID) for d in sent}
    studies = {str(d.StudyInstanceUID) for d in sent}
    wait_for(lambda: studies <= set(registry.worklist()), seconds=SECONDS, what="every study on the worklist")


def give(datasets: list[Dataset], port: int, folder: Path) -> None:
    for dataset in datasets:
        encoded = dataset_bytes(saved(dataset, folder / "sent"))
        answer = store_raw(port, encoded, dataset.SOPClassUID, dataset.SOPInstanceUID)
        assert answer.Status == 0
