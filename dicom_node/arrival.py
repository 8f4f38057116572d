"""One instance that a C-STORE brings: from its command set, over its bytes as they come, to its answer."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pynetdicom.association import Association

from dicom_node.store_message import StoreRequest
from study.errors import KidrayError
from study.incoming import Incoming
from study.intake import Offered, Taken


class Keeper(Protocol):
    """What an arrival needs of `study.intake.Intake`."""

    def begin(self, offered: Offered) -> Incoming:
        """Return a file for what comes, or raise."""

    def keep(self, incoming: Incoming, offered: Offered) -> Taken:
        """Store what has come durably, or raise."""


class Answer(NamedTuple):
    """The status that answers a C-STORE, and its comment."""

    status: int
    comment: str = ""


class Arrival:
    """An instance on its way; what fails while it comes is told at its end, as the protocol wants it.

    Parameters
    ----------
    intake
        Where it goes.
    request
        The C-STORE-RQ.
    offered
        The same, with what the association adds.
    """

    def __init__(self, intake: Keeper, request: StoreRequest, offered: Offered) -> None:
        self.request = request
        self._intake = intake
        self._offered = offered
        self._incoming: Incoming | None = None
        self._error: KidrayError | None = None
        try:
            self._incoming = intake.begin(offered)
        except KidrayError as error:
            self._error = error

    def write(self, part: memoryview) -> None:
        """Take the next bytes of the data set; once it is to be refused, they are dropped."""
        if self._incoming is None:
            return
        try:
            self._incoming.write(part)
        except KidrayError as error:
            self._error = error
            self.drop()

    def keep(self) -> Taken:
        """Store the instance durably; it is over then, either way.

        Raises
        ------
        KidrayError
            If it is refused.
        """
        if self._incoming is None:
            raise self._error or KidrayError("the instance was dropped")
        try:
            return self._intake.keep(self._incoming, self._offered)
        finally:
            self.drop()

    def drop(self) -> None:
        """Leave nothing of it."""
        if self._incoming is not None:
            self._incoming.close()
            self._incoming = None


class Store(Protocol):
    """Who takes arrivals in, for a provider that knows only of PDUs."""

    def begin(self, association: Association, request: StoreRequest) -> Arrival | None:
        """Return the arrival that begins; None where the request is not for it."""

    def end(self, association: Association, arrival: Arrival) -> Answer:
        """Return the answer to what has come whole."""
