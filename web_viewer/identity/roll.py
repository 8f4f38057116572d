"""The logins with a password, as the settings say them now: read anew once their file has changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from study.access import User
from study.errors import SettingsError

log = structlog.get_logger()

Reader = Callable[[], "Logins"]


@dataclass(frozen=True)
class Logins:
    """Who may log in with a password.

    Attributes
    ----------
    shared
        ``USER:PASSWORD`` that several people may use: it has every role, and no name.
    users
        Those with passwords of their own, by login.
    """

    shared: str | None
    users: Mapping[str, User]

    @classmethod
    def of(cls, shared: str | None, users: Iterable[User]) -> Logins:
        """Return the logins of the settings."""
        return cls(shared, {user.login: user for user in users})

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.shared is not None or bool(self.users)

    @property
    def shared_login(self) -> str:
        """The name of the one that several people may use."""
        return (self.shared or "").partition(":")[0]


class Roll:
    """The logins that there are; safe for many threads.

    Parameters
    ----------
    logins
        As they were when the service was started.
    file
        Where they may be changed meanwhile; looked at whenever somebody asks, which costs microseconds.
    read
        Returns what it says, or raises `SettingsError`: then the logins stay as they are, as the log says.
    """

    def __init__(self, logins: Logins, *, file: Path | None = None, read: Reader | None = None) -> None:
        self._logins = logins
        self._file = file
        self._read = read
        self._mark = self._seen()
        self._lock = threading.Lock()

    def now(self) -> Logins:
        """Return the logins."""
        if self._read is None or self._seen() == self._mark:
            return self._logins
        with self._lock:
            mark = self._seen()
            if mark != self._mark:
                self._renew(self._read)
                self._mark = mark
            return self._logins

    def _renew(self, read: Reader) -> None:
        try:
            logins = read()
        except SettingsError as error:
            log.error("logins_stay_as_they_were", reason=str(error))
            return
        if logins != self._logins:
            log.info("logins_changed", count=len(logins.users))
        self._logins = logins

    def _seen(self) -> tuple[int, int, int] | None:
        """Return what tells one content of the file from another; None where there is no file."""
        if self._file is None:
            return None
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
