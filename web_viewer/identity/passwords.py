"""Logins by password (HTTP Basic, RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from study.access import ALL_ROLES, User
from web_viewer.identity.person import Person
from web_viewer.identity.tries import Tries

_REMEMBERED = 256  # headers that were right; a browser sends the same one with every request
_HASHER = PasswordHasher()
_AT_ONCE = threading.BoundedSemaphore(4)  # hashes: each takes 64 MiB, and anybody may have one made


def hashed(password: str) -> str:
    """Return the hash of a password (Argon2id, RFC 9106), as `[[users]]` takes it."""
    return _HASHER.hash(password)


class Passwords:
    """Knows who a login stands for; safe for many threads.

    Parameters
    ----------
    shared
        ``USER:PASSWORD`` that several people may use: it has every role, and no name.
    users
        Those with passwords of their own.

    Attributes
    ----------
    tries
        Wrong passwords of late.
    """

    def __init__(self, shared: str | None, users: Iterable[User]) -> None:
        self.tries = Tries()
        self._shared = shared
        self._users = {user.login: user for user in users}
        self._key = secrets.token_bytes(32)  # what is remembered is of no use to anybody else
        self._right: dict[bytes, Person] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Return whether anybody could log in."""
        return self._shared is not None or bool(self._users)

    def remembered(self, header: str) -> Person | None:
        """Return who an ``Authorization`` header stands for that was right before; quick."""
        with self._lock:
            return self._right.get(self._digest(header))

    def person(self, header: str) -> Person | None:
        """Return who an ``Authorization`` header stands for; takes as long as a hash does.

        The time that it takes tells nobody which logins there are.
        """
        known = self.remembered(header)
        if known is not None:
            return known
        found = self._look_up(header)
        if found is not None:
            with self._lock:
                while len(self._right) >= _REMEMBERED:
                    del self._right[next(iter(self._right))]
                self._right[self._digest(header)] = found
        return found

    def knows(self, person: Person) -> bool:
        """Return whether the login that somebody's session began with still stands for them."""
        if self._shared is not None and person.subject == self._shared.partition(":")[0]:
            return True
        user = self._users.get(person.subject)
        return user is not None and (user.name, frozenset(user.roles)) == (person.name, person.roles)

    def _digest(self, header: str) -> bytes:
        return hmac.digest(self._key, header.encode(errors="replace"), "sha256")

    def _look_up(self, header: str) -> Person | None:
        given = _decoded(header)
        if given is None:
            return None
        if self._shared is not None and hmac.compare_digest(given, self._shared.encode()):
            return Person(self._shared.partition(":")[0], "", ALL_ROLES, "password")
        login, _, password = given.decode(errors="replace").partition(":")
        user = self._users.get(login)
        expected = user.password.get_secret_value() if user else _NOBODYS
        try:
            with _AT_ONCE:
                _HASHER.verify(expected, password)
        except (VerificationError, InvalidHashError):
            return None
        return Person(user.login, user.name, frozenset(user.roles), "password") if user else None


def header_of(login: str, password: str) -> str:
    """Return the ``Authorization`` header of a login."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def _decoded(header: str) -> bytes | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


_NOBODYS = _HASHER.hash(secrets.token_urlsafe())
