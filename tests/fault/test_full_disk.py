"""The archive's disk is full, really: what was acknowledged is there, and it goes on once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dicom_node.encoding import dataset_bytes
from tests.fault.load import copies
from tests.flow.service import RunningService
from tests.fuzz.mutation import TIMES
from tests.peers import acknowledged_in, free_port, storescu, wait_for

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]

SIZE = 64 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("reserve", [0.0] if TIMES == 1 else [0.0, 0.02])
def test_a_full_disk_refuses_what_comes_and_keeps_what_was_acknowledged(
    small_disk: Path, tmp_path: Path, sources: list[Path], reserve: float
) -> None:
    archive = small_disk / "archive"
    home = tmp_path / "home"
    home.mkdir()
    (home / "archive").symlink_to(archive)
    archive.mkdir()
    with RunningService(
        home, disk_reserve=reserve, quiet_period=60, llm_url=f"http://127.0.0.1:{free_port()}/v1"
    ) as service:
        ballast = small_disk / "ballast"
        free = os.statvfs(small_disk)
        ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - int(reserve * 2**30) - (5 << 18)))
        files = copies(sources[0], tmp_path / "sent", 8)
        printed = storescu(service.dicom_port, files, "--no-halt", ok=False)
        held = acknowledged_in(printed)
        assert 0 < len(held) < len(files)
        assert "OutOfResources" in printed or "0xa700" in printed.lower()
        for path in archive.glob("*/*/*.dcm"):
            assert dataset_bytes(path) == dataset_bytes(tmp_path / "sent" / path.name), "partial"
        ballast.unlink()

        def taken() -> bool:
            printed = storescu(service.dicom_port, files, "--no-halt", ok=False)
            return len(acknowledged_in(printed)) == len(files)

        wait_for(taken, seconds=30, what="room again")
        for file in files:
            (found,) = archive.glob(f"*/*/{file.name}")
            assert dataset_bytes(found) == dataset_bytes(file)
        assert not [path for path in archive.glob(".incoming/*") if path.is_file()]
        assert service.stop() == 0
