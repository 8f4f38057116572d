"""Logins that last: a file each under the home folder, named by a hash of the browser's cookie.

Files, because every web role of a service shares the folder, and a Redis that is wiped or down logs
nobody out. What the browser holds is a random number and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from study.access import Role
from web_viewer.identity.person import Person

COOKIE = "kidray_session"
LOGIN_COOKIE = "kidray_login"  # of somebody who is on the way to the provider and back
LOGIN_SECONDS = 600.0
_TOUCH_EVERY = 20.0  # seconds
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Sessions:
    """The sessions of one service.

    Parameters
    ----------
    folder
        Made with the first session; readable for the service's user alone.
    longest
        Seconds after which a session ends, however busy.
    idle
        Seconds without a request after which it ends; 0: only `longest` counts.
    clock
        POSIX seconds.
    """

    def __init__(
        self, folder: Path, *, longest: float, idle: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._longest = longest
        self._idle = idle
        self._clock = clock

    def begin(self, person: Person) -> str:
        """Return the cookie of a new session."""
        self._sweep()
        told = {"subject": person.subject, "name": person.name, "roles": sorted(person.roles)}
        return self._write("session", {**told, "how": person.how, "until": self._clock() + self._longest})

    def person(self, cookie: str) -> Person | None:
        """Return whose session a cookie is; None where it has ended, or never began."""
        path = self._path("session", cookie)
        told = self._read(path)
        if path is None or told is None:
            return None
        now = self._clock()
        seen = path.stat().st_mtime if self._idle else now
        if now > told["until"] or (self._idle and now - seen > self._idle):
            path.unlink(missing_ok=True)
            return None
        if now - seen > _TOUCH_EVERY:
            os.utime(path, (now, now))
        roles = frozenset(Role(each) for each in told["roles"])
        return Person(told["subject"], told["name"], roles, told["how"], path.name)

    def end(self, person: Person) -> None:
        """End a session, wherever its cookie is still held."""
        if person.session:
            (self._folder / person.session).unlink(missing_ok=True)

    def set_out(self, state: dict[str, Any]) -> str:
        """Return the cookie of a login that has been begun, with what its end has to fit."""
        self._sweep()
        return self._write("login", {**state, "until": self._clock() + LOGIN_SECONDS})

    def come_back(self, cookie: str) -> dict[str, Any] | None:
        """Return what `set_out` kept, once."""
        path = self._path("login", cookie)
        state = self._read(path)
        if path is None or state is None:
            return None
        try:
            path.unlink()  # whoever removes it has it: a login ends once
        except FileNotFoundError:
            return None
        return state if self._clock() <= state["until"] else None

    def _write(self, kind: str, content: dict[str, Any]) -> str:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        token = secrets.token_urlsafe(32)
        path = self._path(kind, token)
        assert path is not None
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file)
        os.utime(draft, (self._clock(),) * 2)
        draft.rename(path)
        return token

    def _path(self, kind: str, token: str) -> Path | None:
        if not _TOKEN.fullmatch(token):
            return None
        return self._folder / f"{kind}-{hashlib.sha256(token.encode()).hexdigest()}.json"

    def _read(self, path: Path | None) -> dict[str, Any] | None:
        if path is None:
            return None
        try:
            told: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return told

    def _sweep(self) -> None:
        """Remove what has ended unseen."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            told = self._read(path)
            if told is not None and self._clock() > told["until"]:
                with contextlib.suppress(OSError):
                    path.unlink()
