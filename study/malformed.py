"""What pydicom raises on malformed elements: its readers do not translate these."""

from __future__ import annotations

import struct

from pydicom.errors import BytesLengthException

MALFORMED = (
    BytesLengthException,
    EOFError,
    ValueError,
    KeyError,
    OSError,
    NotImplementedError,
    RecursionError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    struct.error,
)
