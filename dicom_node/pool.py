"""Keep associations with destinations open for a while, so that the next result goes at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from dicom_node.associate import ANSWER_TIMEOUT, CONNECT_TIMEOUT, open_association, release
from study.errors import DeliveryError
from study.settings import Destination

Contexts = frozenset[tuple[str, tuple[str, ...]]]


class _Key(NamedTuple):
    """Whom an association is with, and what was proposed for it."""

    destination: Destination
    calling_ae_title: str
    contexts: Contexts


class _Idle(NamedTuple):
    key: _Key
    association: Association
    until: float  # of the monotonic clock


class Lent:
    """An association that one borrower has to itself.

    Parameters
    ----------
    association
        Established when it was lent.
    reopen
        Opens another one like it; None where this one is new.
    """

    def __init__(self, association: Association, reopen: Callable[[], Association] | None) -> None:
        self.association = association
        self._reopen = reopen

    def renew(self) -> bool:
        """Open another association in place of one that was kept and turned out dead, once.

        Returns whether there is one: one that was new had no reason to be dead.
        """
        reopen, self._reopen = self._reopen, None
        if reopen is None or self.association.is_established:
            return False
        try:
            self.association = reopen()
        except DeliveryError:
            return False
        return True


class AssociationPool:
    """Associations of this process that wait for their next use, each lent to one borrower at a time.

    Parameters
    ----------
    idle_seconds
        For which an association is kept after its use; 0: it is released at once.
    """

    def __init__(self, idle_seconds: float = 0.0) -> None:
        self._idle_seconds = idle_seconds
        self._idle: list[_Idle] = []  # the one that waits longest first
        self._changed = threading.Condition()
        self._closer: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def lend(
        self,
        destination: Destination,
        contexts: Sequence[PresentationContext],
        *,
        calling_ae_title: str,
        connect_timeout: float = CONNECT_TIMEOUT,
        answer_timeout: float = ANSWER_TIMEOUT,
    ) -> Iterator[Lent]:
        """Run the block with an association: one that was kept, where it still stands, else a new one.

        Raises
        ------
        DeliveryError
            If no association can be had.
        """
        key = _Key(destination, calling_ae_title, _proposed(contexts))

        def opened() -> Association:
            return open_association(
                destination,
                contexts,
                calling_ae_title=calling_ae_title,
                connect_timeout=connect_timeout,
                answer_timeout=answer_timeout,
            )

        kept = self._take(key)
        lent = Lent(kept, opened) if kept is not None else Lent(opened(), None)
        try:
            yield lent
        except BaseException:
            release(lent.association)
            raise
        self._keep(key, lent.association)

    def close(self) -> None:
        """Release every association that waits; those that are lent are released after their use."""
        with self._changed:
            self._closed = True
            waiting, self._idle = self._idle, []
            self._changed.notify_all()
        for each in waiting:
            release(each.association)

    def _take(self, key: _Key) -> Association | None:
        """Return the association of `key` that was used last and still stands."""
        with self._changed:
            for each in [i for i in self._idle if i.key == key][::-1]:
                self._idle.remove(each)
                if each.association.is_established:
                    return each.association
        return None

    def _keep(self, key: _Key, association: Association) -> None:
        with self._changed:
            keep = self._idle_seconds > 0 and not self._closed and association.is_established
            if keep:
                self._idle.append(_Idle(key, association, time.monotonic() + self._idle_seconds))
                if self._closer is None:
                    self._closer = threading.Thread(target=self._release_idle, name="pool", daemon=True)
                    self._closer.start()
        if not keep:
            release(association)

    def _release_idle(self) -> None:
        """Release each association when its time is over, until none waits."""
        while True:
            with self._changed:
                while self._idle and (left := self._idle[0].until - time.monotonic()) > 0:
                    self._changed.wait(left)
                if not self._idle:
                    self._closer = None
                    return
                over = self._idle.pop(0)
            release(over.association)


def _proposed(contexts: Sequence[PresentationContext]) -> Contexts:
    return frozenset(
        (str(context.abstract_syntax), tuple(str(s) for s in context.transfer_syntax)) for context in contexts
    )
