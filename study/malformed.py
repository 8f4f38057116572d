"""What pydicom raises on malformed elements: its readers do not translate these."""

from __future__ import annotations

import struct

from pydicom.errors import BytesLengthException

MALFORMED = (
    BytesLengthException,
    EOFError,
    ValueError,
    LookupError,  # a character set that Python has, but no text's
    OSError,
    NotImplementedError,
    RecursionError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    struct.error,
)
