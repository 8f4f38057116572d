"""Logins that last: a file each under the home folder, named by a hash of the browser's cookie.

Files, because every web role of a service shares the folder, and a Redis that is wiped or down logs
nobody out. What the browser holds is a random number and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
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

RestsOn = Callable[[Person], "bytes | None"]

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

    def begin(self, person: Person, *, rests_on: bytes = b"") -> str:
        """Return the cookie of a new session.

        Parameters
        ----------
        rests_on
            What has to be the same for as long as the session lasts. The file holds no more of it than a
            code made with the cookie, which the file does not hold: nobody can guess at it there.
        """
        self._sweep()
        told = {"subject": person.subject, "name": person.name, "roles": sorted(person.roles)}
        until = {"how": person.how, "until": self._clock() + self._longest}
        token = secrets.token_urlsafe(32)
        return self._write("session", token, {**told, **until, "seal": _sealed(token, rests_on)})

    def person(self, cookie: str, rests_on: RestsOn = lambda _: b"") -> Person | None:
        """Return whose session a cookie is; None where it has ended, or never began.

        Parameters
        ----------
        rests_on
            Returns what a session of somebody rests on now; None where on nothing any longer. The session
            ends for good where that is not what it was begun with.
        """
        path = self._path("session", cookie)
        told = self._read(path)
        if path is None or told is None:
            return None
        roles = frozenset(Role(each) for each in told["roles"])
        person = Person(told["subject"], told["name"], roles, told["how"], path.name)
        now_on = rests_on(person)
        held = now_on is not None and hmac.compare_digest(told.get("seal", ""), _sealed(cookie, now_on))
        if not held or self._is_over(path, told):
            path.unlink(missing_ok=True)
            return None
        now = self._clock()
        if self._idle and now - path.stat().st_mtime > _TOUCH_EVERY:
            os.utime(path, (now, now))
        return person

    def lasts(self, person: Person) -> bool:
        """Return whether the session that somebody came with has not ended; to ask is no sign of life."""
        path = self._folder / person.session
        told = self._read(path)
        return told is not None and not self._is_over(path, told)

    def end(self, person: Person) -> None:
        """End a session, wherever its cookie is still held."""
        if person.session:
            (self._folder / person.session).unlink(missing_ok=True)

    def set_out(self, state: dict[str, Any]) -> str:
        """Return the cookie of a login that has been begun, with what its end has to fit."""
        self._sweep()
        return self._write(
            "login", secrets.token_urlsafe(32), {**state, "until": self._clock() + LOGIN_SECONDS}
        )

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

    def _is_over(self, path: Path, told: dict[str, Any]) -> bool:
        now = self._clock()
        try:
            return bool(now > told["until"] or (self._idle and now - path.stat().st_mtime > self._idle))
        except FileNotFoundError:  # ended in this moment
            return True

    def _write(self, kind: str, token: str, content: dict[str, Any]) -> str:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
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


def _sealed(cookie: str, rests_on: bytes) -> str:
    return hmac.new(cookie.encode(), rests_on, "sha256").hexdigest()
