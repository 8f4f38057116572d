"""Read a connection in few, large pieces, with a deadline."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from dicom_node.guard import LimitError

TICK = 1.0  # seconds of silence after which the deadline is looked at
_FIRST_SIZE = 32 << 10


class Reader:
    """What has come of a connection and was not asked for yet."""

    def __init__(self) -> None:
        self._buffer = bytearray(_FIRST_SIZE)
        self._start = self._end = 0

    @property
    def holds_some(self) -> bool:
        """Whether bytes have come that were not asked for yet."""
        return self._end > self._start

    def read(self, connection: socket.socket, length: int, deadline: float) -> memoryview:
        """Return the next `length` bytes; they are valid until the next call.

        Parameters
        ----------
        deadline
            Of the monotonic clock.

        Raises
        ------
        LimitError
            If they have not come by then.
        OSError
            If the connection ends.
        """
        if self._end - self._start < length:
            self._make_room(length)
            connection.settimeout(TICK)
        while self._end - self._start < length:
            with suppress(TimeoutError):
                received = connection.recv_into(memoryview(self._buffer)[self._end :])
                if not received:
                    raise ConnectionResetError
                self._end += received
            if self._end - self._start < length and time.monotonic() > deadline:
                raise LimitError("a PDU took too long")
        self._start += length
        return memoryview(self._buffer)[self._start - length : self._start]

    def _make_room(self, length: int) -> None:
        """See that `length` bytes fit behind what was asked for already."""
        if self._start + length <= len(self._buffer) and self.holds_some:
            return
        held = memoryview(self._buffer)[self._start : self._end]
        if len(self._buffer) < length:
            self._buffer = bytearray(2 * length)
        memoryview(self._buffer)[: len(held)] = held
        self._start, self._end = 0, len(held)
