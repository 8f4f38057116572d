"""Small data sets that would become large: each is refused by a process that stays small."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

MEASURE = """
import sys, time
from pathlib import Path
from pydicom.uid import UID
from study.errors import KidrayError
from study.inspection import inspect
body = Path(sys.argv[1]).read_bytes()
try:
    inspect(body, UID(sys.argv[2]), sop_class_uid="1.2", instance_uid="1.2")
except KidrayError as error:
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    print(int(peak) // 1024, "MB,", round(time.process_time(), 2), "s CPU:", error)
"""


def elements(count: int) -> bytes:
    return b"".join(struct.pack("<HH2sH", 0x0011, n & 0xFFFF, b"LO", 0) for n in range(count))


def nested(depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(inside)) + inside
        inside = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(item)) + item
    return inside


def values(count: int) -> bytes:
    value = b"1\\" * count
    return struct.pack("<HH2sHL", 0x0018, 0x1164, b"UN", 0, len(value)) + value


def deflated() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packer.compress(bytes(1 << 24)) for _ in range(12)) + packer.flush()


@pytest.mark.parametrize(
    ("bomb", "says"),
    [
        (lambda: elements(1_000_000), "elements"),
        (lambda: nested(300), "deep"),
        (lambda: values(16_000_000), "bytes"),
        (deflated, "deflated"),
    ],
    ids=[
        "a million elements",
        "300 sequences deep",
        "a list of 16 million values",
        "191 kB that inflate to 192 MB",
    ],
)
def test_a_bomb_is_refused_in_little_memory(bomb: Callable[[], bytes], says: str, tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(bomb())
    syntax = DeflatedExplicitVRLittleEndian if says == "deflated" else ExplicitVRLittleEndian
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "bomb"), str(syntax)],
        capture_output=True,
        text=True,
        check=True,
    )
    megabytes = done.stdout.split()[0]
    print(f"{(tmp_path / 'bomb').stat().st_size >> 10} kB: {done.stdout.strip()}")
    assert says in done.stdout
    assert int(megabytes) < 256
