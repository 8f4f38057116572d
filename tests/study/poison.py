"""Functions that do to the fence's child what the worst file could do to a codec."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np

from study.fenced import Answer


def take_memory(_: Path) -> Answer:
    held = [np.ones(16 << 20, np.uint8) for _ in range(1024)]
    return Answer({"held": len(held)}, b"")


def spin(_: Path) -> Answer:
    while True:
        pass


def stall(_: Path) -> Answer:
    time.sleep(60)
    return Answer({}, b"")


def crash(_: Path) -> Answer:
    ctypes.string_at(0)
    return Answer({}, b"")


def recurse(path: Path) -> Answer:
    return recurse(path)


def write(path: Path) -> Answer:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path.write_bytes(b"written by a child")
    return Answer({}, b"")


def be_killed_once(path: Path) -> Answer:
    try:
        path.rename(path.with_suffix(".seen"))
    except FileNotFoundError:
        return Answer({"pid": os.getpid()}, b"done")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def who(_: Path) -> Answer:
    return Answer({"pid": os.getpid()}, b"")
