from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

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
