"""A real child process, and what the worst file could do to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom.uid import RLELossless
from structlog.testing import capture_logs

from study.errors import KidrayError, NotDicomError, NotInArchiveError, PixelDataError
from study.fence import Fence, FenceLimits
from study.pixels import attenuation_values
from tests.study import poison
from tests.study.radiographs import radiograph

LIMITS = FenceLimits(memory=256 << 20, cpu_seconds=1, seconds=60.0)  # a busy machine is no failure


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1, LIMITS) as opened:
        yield opened


def pid(fence: Fence) -> int:
    return int(fence.call(poison.who, Path("any")).description["pid"])


def test_a_radiograph_is_read_as_it_would_be_here(fence: Fence, tmp_path: Path) -> None:
    dataset = radiograph(np.arange(64 * 48, dtype=np.uint16).reshape(64, 48) % 4096)
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    values = fence.attenuation_values(tmp_path / "a.dcm")
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, attenuation_values(dataset))


def test_the_same_child_reads_one_file_after_another(fence: Fence) -> None:
    assert pid(fence) == pid(fence) != os.getpid()


def test_the_child_that_read_a_file_last_reads_it_again_where_it_is_free() -> None:
    files = [Path("one"), Path("two")]
    with Fence(2, LIMITS) as fence, ThreadPoolExecutor(2) as pool:
        start = threading.Barrier(2)

        def read(file: Path) -> int:
            start.wait(60)  # so that both children are started
            with fence._room:
                child = fence._take(file)
            start.wait(60)
            found = int(child.ask("tests.study.poison:who", file, {}, LIMITS).description["pid"])
            fence._put_back(child)
            return found

        first = list(pool.map(read, files))
        assert first[0] != first[1]
        for number in (0, 0, 1, 0, 1, 1):
            assert fence.call(poison.who, files[number]).description["pid"] == first[number]


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (poison.take_memory, PixelDataError, "needs more memory than is allowed"),
        (poison.spin, PixelDataError, "more CPU time than is allowed"),
        (poison.crash, PixelDataError, "reading it ends the reader: SIGSEGV"),
        (poison.recurse, NotDicomError, "it cannot be read: RecursionError"),
        (poison.write, NotDicomError, "it cannot be read: OSError"),
    ],
)
def test_what_breaks_a_limit_is_a_named_error_and_the_next_file_is_read(
    fence: Fence, tmp_path: Path, function, error: type[KidrayError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        fence.call(function, tmp_path / "written")
    assert not caught.value.retryable
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0
    assert psutil.pid_exists(pid(fence))


def test_a_reader_that_stalls_is_ended() -> None:
    with Fence(1, LIMITS._replace(seconds=3.0)) as fence:
        before = pid(fence)
        with pytest.raises(PixelDataError, match="takes longer than is allowed"):
            fence.call(poison.stall, Path("any"))
        assert not psutil.pid_exists(before)


def test_a_child_that_somebody_killed_is_replaced_and_the_file_read_again(
    fence: Fence, tmp_path: Path
) -> None:
    (tmp_path / "once").touch()
    with capture_logs() as lines:
        assert fence.call(poison.be_killed_once, tmp_path / "once").body == b"done"
    assert [line["event"] for line in lines] == ["fenced_child_ended"]


def test_a_child_killed_while_idle_is_replaced(fence: Fence) -> None:
    before = pid(fence)
    psutil.Process(before).kill()
    psutil.wait_procs([psutil.Process(before)] if psutil.pid_exists(before) else [], timeout=0.2)
    assert pid(fence) != before


def test_no_more_children_than_allowed_read_at_once() -> None:
    with Fence(2, LIMITS) as fence, ThreadPoolExecutor(6) as threads:
        pids = set(threads.map(lambda _: pid(fence), range(12)))
    assert 1 <= len(pids) <= 2


def test_the_children_end_with_the_fence() -> None:
    with Fence(1, LIMITS) as fence:
        fence.warm_up()
        child = pid(fence)
    assert not psutil.pid_exists(child)
    assert threading.active_count() < 20


def test_what_is_not_there_is_said_so(fence: Fence, tmp_path: Path) -> None:
    with pytest.raises(NotInArchiveError, match=r"no instance 1\.2\.3"):
        fence.attenuation_values(tmp_path / "1.2.3.dcm")


@pytest.mark.parametrize("damage", ["rows", "garbage", "fragment"])
def test_a_damaged_file_is_named_and_does_not_end_the_child(
    fence: Fence, tmp_path: Path, damage: str
) -> None:
    dataset = radiograph(np.zeros((64, 64), np.uint16))
    if damage == "rows":
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.Rows = dataset.Columns = 65535  # 31 MB of RLE can become 2 GB
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    if damage == "garbage":
        (tmp_path / "a.dcm").write_bytes(b"no DICOM" * 1000)
    if damage == "fragment":
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.PixelData = dataset.PixelData[:12] + b"\xff" * (len(dataset.PixelData) - 12)
        dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    before = pid(fence)
    with pytest.raises((PixelDataError, NotDicomError)):
        fence.attenuation_values(tmp_path / "a.dcm")
    assert pid(fence) == before
