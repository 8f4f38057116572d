"""Instances are refused while there is no room for them, and taken again by themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from study.errors import ArchiveFullError, BacklogError, RegistryUnavailableError
from study.intake import Intake
from study.room import Room


class Held:
    """A clock and a length of the queues that stand where the test puts them."""

    def __init__(self) -> None:
        self.time = 0.0
        self.jobs = 0

    def room(self, folder: Path, reserve: int = 0, most_waiting: int = 10) -> Room:
        return Room(
            folder,
            reserve=reserve,
            waiting=lambda: self.jobs,
            most_waiting=most_waiting,
            clock=lambda: self.time,
        )


def test_a_disk_at_its_reserve_takes_no_instance(tmp_path) -> None:
    free = shutil.disk_usage(tmp_path).free
    Held().room(tmp_path, reserve=free // 2).check()
    with pytest.raises(ArchiveFullError, match="MiB left: its reserve"):
        Held().room(tmp_path, reserve=free * 2).check()


def test_a_backlog_is_refused_and_recovers_by_itself(tmp_path) -> None:
    held = Held()
    room = held.room(tmp_path)
    room.check()
    held.jobs, held.time = 11, 1.0
    with pytest.raises(BacklogError, match="11 jobs wait already"):
        room.check()
    held.jobs, held.time = 10, 2.0
    room.check()


def test_any_number_may_wait_where_the_limit_is_zero(tmp_path) -> None:
    held = Held()
    held.jobs = 1_000_000
    held.room(tmp_path, most_waiting=0).check()


def test_without_redis_instances_are_taken(tmp_path) -> None:
    def nobody_knows() -> int:
        raise RegistryUnavailableError("Redis does not answer")

    Room(tmp_path, reserve=0, waiting=nobody_knows, most_waiting=1).check()


def test_the_intake_asks_before_it_reads(ledger, queue, tmp_path) -> None:
    held = Held()
    held.jobs = 99
    intake = Intake(ledger, queue, quiet_period=60, room=held.room(tmp_path))
    with pytest.raises(BacklogError):
        intake.take(
            b"not even DICOM",
            sop_class_uid="1.2",
            instance_uid="1.2.3",
            transfer_syntax_uid="1.2.840.10008.1.2",
            calling_ae_title="CR",
        )
