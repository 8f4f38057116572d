"""Tell which radiographs must stay together in one split: those of one patient, and equal images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from training.manifest import Row


def groups(keys: Sequence[frozenset[str]]) -> list[list[int]]:
    """Return the indices of items that share a key, directly or through others, in order of the first."""
    parent = list(range(len(keys)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first_with: dict[str, int] = {}
    for index, held in enumerate(keys):
        for key in held:
            one, other = sorted((root(first_with.setdefault(key, index)), root(index)))
            parent[other] = one
    together: dict[int, list[int]] = defaultdict(list)
    for index in range(len(keys)):
        together[root(index)].append(index)
    return [together[index] for index in sorted(together)]


class Leakage(NamedTuple):
    """How many cases, equal images and look-alikes lie in more than one split."""

    cases: int
    pixels: int
    looks: int


def leakage(rows: Sequence[Row]) -> Leakage:
    """Return what lies on both sides of a split."""

    def crossing(values: Sequence[object]) -> int:
        splits = defaultdict(set)
        for row, value in zip(rows, values, strict=True):
            splits[value].add(row.split)
        return sum(len(found) > 1 for found in splits.values())

    return Leakage(
        crossing([row.case for row in rows]),
        crossing([row.pixel_sha256 for row in rows]),
        crossing([row.look for row in rows]),
    )


def repeated(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the groups of two or more rows whose images are equal pixel by pixel."""
    together: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        together[row.pixel_sha256].append(row)
    return [group for group in together.values() if len(group) > 1]
