"""Logins by password (HTTP Basic, RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from study.access import ALL_ROLES
from web_viewer.identity.person import Person
from web_viewer.identity.roll import Roll
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
    roll
        The logins that there are.

    Attributes
    ----------
    tries
        Wrong passwords of late.
    """

    def __init__(self, roll: Roll) -> None:
        self.tries = Tries()
        self._roll = roll
        self._anybody = roll.now().any  # for good: a door never opens because the last login was taken away
        self._key = secrets.token_bytes(32)  # what is remembered is of no use to anybody else
        self._right: dict[bytes, tuple[Person, bytes]] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Return whether anybody could log in when the service was started."""
        return self._anybody

    def remembered(self, header: str) -> Person | None:
        """Return who an ``Authorization`` header stands for that was right before; quick."""
        with self._lock:
            person, record = self._right.get(self._digest(header), (None, b""))
        return person if person is not None and self.record_of(person) == record else None

    def person(self, header: str) -> Person | None:
        """Return who an ``Authorization`` header stands for; takes as long as a hash does.

        The time that it takes tells nobody which logins there are.
        """
        known = self.remembered(header)
        if known is not None:
            return known
        found = self._look_up(header)
        record = None if found is None else self.record_of(found)
        if found is not None and record is not None:
            with self._lock:
                while len(self._right) >= _REMEMBERED:
                    del self._right[next(iter(self._right))]
                self._right[self._digest(header)] = found, record
        return found

    def record_of(self, person: Person) -> bytes | None:
        """Return what is held of somebody's password; None where their login is no longer what it was.

        It is another one once the password is: whoever rests on it compares.
        """
        logins = self._roll.now()
        if logins.shared is not None and (person.subject, person.name) == (logins.shared_login, ""):
            return logins.shared.encode()
        user = logins.users.get(person.subject)
        if user is None or (user.name, frozenset(user.roles)) != (person.name, person.roles):
            return None
        return user.password.get_secret_value().encode()

    def _digest(self, header: str) -> bytes:
        return hmac.digest(self._key, header.encode(errors="replace"), "sha256")

    def _look_up(self, header: str) -> Person | None:
        given = _decoded(header)
        if given is None:
            return None
        logins = self._roll.now()
        if logins.shared is not None and hmac.compare_digest(given, logins.shared.encode()):
            return Person(logins.shared_login, "", ALL_ROLES, "password")
        login, _, password = given.decode(errors="replace").partition(":")
        user = logins.users.get(login)
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


def login_of(header: str) -> str:
    """Return the login of an ``Authorization`` header; empty where it says none."""
    return (_decoded(header) or b"").partition(b":")[0].decode(errors="replace")


def _decoded(header: str) -> bytes | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


_NOBODYS = _HASHER.hash(secrets.token_urlsafe())
