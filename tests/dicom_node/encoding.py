"""What is on the wire of a Part 10 file: its data set without preamble and file meta information."""

from __future__ import annotations

from pathlib import Path

from pynetdicom.dsutils import split_dataset


def dataset_bytes(path: Path) -> bytes:
    """Return the encoded data set of a Part 10 file."""
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]
