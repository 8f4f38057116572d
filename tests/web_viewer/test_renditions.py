from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from study.pixels import GrayscaleDescription, wire_pixels
from tests.web_viewer.studies import a_dx
from web_viewer import decoded
from web_viewer.renditions import Rendition, Renditions


def test_many_who_ask_at_once_wait_for_one_making():
    renditions, made = Renditions(), []

    def make() -> Rendition:
        time.sleep(0.05)
        made.append(1)
        return Rendition(b"pixels")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: renditions.get("key", make), range(8)))
    assert len(made) == 1
    assert {f.body for f in found} == {b"pixels"}


def test_the_least_recently_used_goes_first_when_the_budget_is_spent():
    renditions = Renditions(budget=30)
    made: list[str] = []

    def get(key: str) -> None:
        def make() -> Rendition:
            made.append(key)
            return Rendition(bytes(10))

        renditions.get(key, make)

    for key in ("a", "b", "c", "a", "d", "a", "b"):
        get(key)
    assert made == ["a", "b", "c", "d", "b"]


def test_one_that_is_larger_than_the_budget_is_handed_out_and_not_kept():
    renditions = Renditions(budget=5)
    assert renditions.get("big", lambda: Rendition(bytes(10))).body == bytes(10)
    assert renditions.get("big", lambda: Rendition(b"again")).body == b"again"


def test_what_could_not_be_made_is_tried_again():
    renditions = Renditions()

    def fail() -> Rendition:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        renditions.get("key", fail)
    assert renditions.get("key", lambda: Rendition(b"yes")).body == b"yes"


def test_no_more_are_made_at_once_than_there_is_memory_for():
    renditions = Renditions(at_once=2)
    running, most, lock = 0, 0, threading.Lock()

    def make() -> Rendition:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return Rendition(b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: renditions.get(key, make), range(8)))
    assert most == 2


def test_all_the_pixels_of_a_radiograph_that_was_looked_at_come_of_the_same_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    decodings: list[str] = []

    def counted(dataset: Dataset) -> tuple[np.ndarray, GrayscaleDescription]:
        decodings.append(dataset.SOPInstanceUID)
        return wire_pixels(dataset)

    monkeypatch.setattr(decoded, "wire_pixels", counted)
    one, other = a_dx(), a_dx(SOPInstanceUID="1.2.3.4")
    other.PixelData = bytes(len(other.PixelData))
    paths = tmp_path / "one.dcm", tmp_path / "other.dcm"
    for dataset, path in zip((one, other), paths, strict=True):
        dataset.save_as(path, enforce_file_format=True)
    plain = [decoded.wire(path).body for path in paths]
    assert plain[0] != plain[1]
    decodings.clear()

    decoded.first_look(paths[0])
    assert decoded.wire(paths[0]).body == plain[0]
    assert len(decodings) == 1
    assert decoded._looked == []  # asked for once; what is made of it is kept elsewhere

    decoded.first_look(paths[0])
    assert decoded.wire(paths[1]).body == plain[1], "the pixels of another radiograph"
    decoded.first_look(paths[0])
    other.save_as(paths[0], enforce_file_format=True)
    assert decoded.wire(paths[0]).body == plain[1], "the pixels of a file that is no more"
    decoded.first_look(paths[0])
    paths[0].unlink()
    with pytest.raises(FileNotFoundError):
        decoded.wire(paths[0])


def test_pixels_that_take_much_memory_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    a_dx().save_as(tmp_path / "one.dcm", enforce_file_format=True)
    monkeypatch.setattr(decoded, "LARGEST_KEPT", 100)
    decoded.first_look(tmp_path / "one.dcm")
    assert decoded._looked == []


MAPPINGS = """
import ctypes, sys
from web_viewer.heap import give_back_large_blocks

class Figures(ctypes.Structure):  # struct mallinfo2
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks".split()]
    _fields_ += [(name, ctypes.c_size_t) for name in "fsmblks uordblks fordblks keepcost".split()]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Figures
if sys.argv[1] == "yes":
    assert give_back_large_blocks()
bytes(16 << 20)  # once it is freed, glibc takes what is smaller for something that belongs into the heap
before = mallinfo().hblks
pixels = [bytes(1 << 20) for _ in range(10)]
print(mallinfo().hblks - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="not glibc 2.33 or later")
def test_pixels_lie_outside_the_heap_so_that_they_leave_no_holes_in_it():
    def mappings(given_back: str) -> int:
        command = [sys.executable, "-c", MAPPINGS, given_back]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert (mappings("no"), mappings("yes")) == (0, 10)
