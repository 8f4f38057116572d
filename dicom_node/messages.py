"""Put messages together from the fragments of P-DATA-TF PDUs (PS3.8 annex E), within limits.

What a C-STORE brings goes to its file as it comes; every other message is pynetdicom's.
"""

from __future__ import annotations

import time

from pynetdicom.association import Association
from pynetdicom.pdu_primitives import P_DATA

from dicom_node.arrival import Arrival, Store
from dicom_node.guard import LimitError, Limits
from dicom_node.store_message import fragments, store_request
from study.malformed import MALFORMED

_COMMAND, _LAST = 1, 2  # of a fragment's control header
_MOST_WHOLE = 16  # instances in one PDU, each an open file; a sender waits for its answer after each


class Messages:
    """The messages of one association.

    Parameters
    ----------
    association
        Whose they are.
    limits
        On a message's size and time.
    store
        Asked for an arrival when a C-STORE begins.
    """

    def __init__(self, association: Association, limits: Limits, store: Store) -> None:
        self._association = association
        self._limits = limits
        self._store = store
        self._arrival: Arrival | None = None
        self._whole: list[Arrival] = []
        self._began: float | None = None
        self._size = 0
        self._command = bytearray()
        self._command_size = self._query_size = 0

    @property
    def goes_on(self) -> bool:
        """Whether a message has begun that is not whole."""
        return bool(self._arrival is not None or self._command or self._association.dimse.message is not None)

    def take(self, body: memoryview, began: float) -> list[Arrival]:
        """Take a PDU without its header, which began to come at `began`; returns what is whole now.

        Raises
        ------
        LimitError
            If a message is too large or too slow.
        ValueError
            If the fragments make no message.
        """
        self._began = self._began or began
        self._size += len(body)
        self._limits.check_message(self._size, time.monotonic() - self._began)
        for context_id, control, content in fragments(body):
            self._take_fragment(context_id, control, content)
        if not self.goes_on:
            self._began = None
            self._size = self._command_size = self._query_size = 0
        whole, self._whole = self._whole, []
        return whole

    def drop(self) -> None:
        """Leave nothing of an instance that does not come whole, or was not asked for."""
        for arrival in (*self._whole, *([self._arrival] if self._arrival is not None else [])):
            arrival.drop()
        self._whole, self._arrival = [], None

    def _take_fragment(self, context_id: int, control: int, content: memoryview) -> None:
        """Give a fragment to the instance that arrives, or to pynetdicom's message."""
        is_command, is_last = control & _COMMAND, control & _LAST
        if is_command:
            self._count_command(len(content))
        arrival = self._arrival
        if arrival is not None:
            if is_command:
                raise ValueError("a command set within a data set")
            arrival.write(content)
            if is_last:
                self._whole.append(arrival)
                self._arrival = None
                if len(self._whole) > _MOST_WHOLE:
                    raise LimitError(f"more than {_MOST_WHOLE} instances came at once")
        elif self._association.dimse.message is not None or not is_command:
            self._pass_on(context_id, control, content)
        else:
            self._command += content
            if is_last:
                self._begin(context_id, bytes(self._command))

    def _count_command(self, size: int) -> None:
        self._command_size += size
        if self._command_size > self._limits.largest_command:
            raise LimitError(f"a command set is over the limit of {self._limits.largest_command} bytes")

    def _begin(self, context_id: int, command: bytes) -> None:
        """Begin a message, whose command set has come whole."""
        self._command.clear()
        request = store_request(command, context_id)
        self._arrival = self._store.begin(self._association, request) if request is not None else None
        if self._arrival is None:
            self._pass_on(context_id, _COMMAND | _LAST, command)

    def _pass_on(self, context_id: int, control: int, content: bytes | memoryview) -> None:
        """Give a fragment to pynetdicom, which keeps and decodes messages in memory."""
        if not control & _COMMAND:
            self._query_size += len(content)
            if self._query_size > self._limits.largest_query:
                raise LimitError(f"a data set is over the limit of {self._limits.largest_query} bytes")
        primitive = P_DATA()
        primitive._presentation_data_value_list = [[context_id, bytes((control,)) + content]]
        try:
            self._association.dimse.receive_primitive(primitive)
        except MALFORMED as error:
            raise ValueError(f"no message: {type(error).__name__}") from error
