"""Redis hangs, is emptied, is deleted: what was acknowledged stays, and nobody waits long for it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from study.redis_server import url
from study.registry import connect
from tests.fault.checks import check_all
from tests.fault.load import Reader, Sender, StoreScp, studies_of
from tests.flow.service import RunningService
from tests.peers import free_port, wait_for

pytestmark = [pytest.mark.peer, pytest.mark.timeout(900)]

SEED = 20260302


@contextmanager
def hanging(process: int) -> Iterator[None]:
    """Stop a process while the block runs: it takes connections, and answers nothing."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_redis_may_hang_be_emptied_and_be_deleted_under_load(
    tmp_path: Path, sources: list[Path], pacs: StoreScp
) -> None:
    with RunningService(
        tmp_path / "home", pacs=pacs.destination, quiet_period=2, llm_url=f"http://127.0.0.1:{free_port()}/v1"
    ) as service:
        sender = Sender(service.dicom_port, sources, tmp_path / "sent", seed=SEED, pause=0.8)
        reader = Reader(service.url, seed=SEED, share=0.2)
        sender.start()
        reader.start()
        wait_for(lambda: reader.signed, seconds=90, what="a signature")
        with hanging(service.pid("redis")):
            seconds = signed_while_redis_hangs(service, reader)
            before = len(sender.acknowledged)
            wait_for(lambda: len(sender.acknowledged) > before, seconds=60, what="an acknowledgement")
        print(f"signed in {seconds:.1f} s while Redis hung")
        assert seconds < 10
        client = connect(url(service.home / "redis"), timeout=20.0)
        client.flushall()
        client.close()
        time.sleep(1)
        os.kill(service.pid("redis"), signal.SIGKILL)
        shutil.rmtree(service.home / "redis" / "appendonlydir")
        before = len(studies_of(sender))
        wait_for(lambda: len(studies_of(sender)) > before + 1, seconds=60, what="further studies")
        sender.finish()
        reader.finish()
        print(check_all(service, sender, reader, pacs, seconds=150))
        assert service.stop() == 0


def signed_while_redis_hangs(service: RunningService, reader: Reader) -> float:
    """Sign a drafted study, and return how many seconds the answer took."""
    for folder in (service.home / "archive").glob("[0-9]*"):
        study = service.study(folder.name)
        if study is not None and study["state"] == "drafted":
            began = time.monotonic()
            wish = {"signer": "Test Reader", "version": study["draft"]["version"]}
            answer = service.client.post(f"/api/studies/{folder.name}/sign", json=wish)
            if answer.status_code == 200:
                reader.signed.add(folder.name)
                return time.monotonic() - began
    pytest.fail("no study could be signed")


def test_with_pacs_and_redis_away_at_once_everything_is_delivered_once(
    tmp_path: Path, sources: list[Path]
) -> None:
    away = StoreScp(tmp_path / "pacs")
    with RunningService(
        tmp_path / "home", pacs=away.destination, llm_url=f"http://127.0.0.1:{free_port()}/v1"
    ) as service:
        sender = Sender(service.dicom_port, sources, tmp_path / "sent", seed=SEED, pause=0.3)
        sender.start()
        wait_for(lambda: len(studies_of(sender)) >= 3, seconds=60, what="three studies")
        sender.finish()
        for study_uid in studies_of(sender):
            service.wait_until(study_uid, "drafted", seconds=90)
        wait_for(lambda: tries(service) >= 3, seconds=60, what="further tries of the delivery")
        os.kill(service.pid("redis"), signal.SIGKILL)
        wait_for(lambda: service.client.get("/readyz").status_code == 200, seconds=60, what="Redis")
        time.sleep(5)  # the PACS stays away longer than Redis
        with away as pacs:
            print(check_all(service, sender, None, pacs, seconds=180))
            assert service.stop() == 0


def tries(service: RunningService) -> int:
    """Return how often a delivery was put off."""
    return len([e for e in service.events("work", "job_retried") if e["job"] == "deliver"])
