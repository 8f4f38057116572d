"""What is on the wire of a Part 10 file: its data set without preamble and file meta information."""

from __future__ import annotations

from pathlib import Path

from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dsutils import split_dataset


def dataset_bytes(path: Path) -> bytes:
    """Return the encoded data set of a Part 10 file."""
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


def command_bytes(message: DIMSEMessage) -> bytes:
    """Return the command set of a message, as pynetdicom encodes it."""
    values = [v for part in message.encode_msg(1, 16384) for _, v in part.presentation_data_value_list]
    return b"".join(value[1:] for value in values if value[0] & 1)
