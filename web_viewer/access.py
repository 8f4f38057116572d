"""Decide who may ask for what, before any route runs.

Without a login the service answers loopback names only, so that a page elsewhere cannot reach it by
re-binding its own name to 127.0.0.1; changes must come from the service's own pages (or from a
program, which sends no such header). With a login every request but the health probes, and those of
the login itself, is somebody's, who has the role that it needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from study.access import Role
from web_viewer.identity.passwords import Passwords, login_of
from web_viewer.identity.person import NOBODY_IN_PARTICULAR, Person
from web_viewer.identity.sessions import COOKIE, Sessions
from web_viewer.identity.tries import FORGIVEN_AFTER, TOO_MANY

PROBES = frozenset({"/healthz", "/readyz"})
BUILD = "/assets/"  # the viewer's program, the same for everybody; a page that is locked may load more of it
# What somebody needs who is not logged in yet.
LOGIN_PATHS = frozenset(
    {
        "/login",
        "/login/callback",
        "/login/out",
        "/login/password",
        "/api/session/begin",
        "/launch",
        "/launch/callback",
        "/login.css",
        "/icon.svg",
        "/theme.js",
    }
)
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_TURNS = 64  # passwords looked at side by side; the same one, sent many times at once, is looked at once
CHALLENGE = 'Basic realm="Kidray", charset="UTF-8"'

# The first rule that fits says which role a request needs; None: any.
ROLE_RULES: tuple[tuple[frozenset[str] | None, re.Pattern[str], Role | None], ...] = (
    (None, re.compile(r"/api/admin(/|$)"), Role.ADMIN),
    (None, re.compile(r"/api/(session|service|findings)(/|$)"), None),
    (frozenset({"POST", "PUT"}), re.compile(r"/api/studies/[^/]+/(sign|addendum)$"), Role.SIGNER),
    (None, re.compile(r"/(api|dicom-web)(/|$)"), Role.READER),
)


class Refusal(NamedTuple):
    """Why a request is not let through."""

    status: int
    sentence: str


def host_of(header: str) -> str:
    """Return the host of a ``Host`` header, without port and brackets, in lower case."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Return whether a request that changes something comes from our own page, or from no page.

    Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin; other programs
    send neither.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def role_needed(method: str, path: str) -> Role | None:
    """Return the role that a request needs; None where any will do."""
    for methods, pattern, role in ROLE_RULES:
        if (methods is None or method in methods) and pattern.match(path):
            return role
    return None


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name of a cookie: over TLS one that only this host can have set (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{name}" if secure else name


class Doors(NamedTuple):
    """The ways in.

    Attributes
    ----------
    passwords
        Those who have one.
    sessions
        Logins that last.
    openid
        Whether people log in at a provider.
    secure
        Whether browsers reach the service by TLS, as far as is known beforehand.
    """

    passwords: Passwords
    sessions: Sessions
    openid: bool = False
    secure: bool = False

    @property
    def open(self) -> bool:
        """Whether no login is asked for."""
        return not self.passwords and not self.openid

    def begin(self, person: Person) -> str:
        """Return the cookie of a new session of `person`, which lasts no longer than their password."""
        return self.sessions.begin(person, rests_on=self._rests_on(person) or b"")

    def person(self, cookie: str) -> Person | None:
        """Return whose session a cookie is; None where it has ended."""
        return self.sessions.person(cookie, self._rests_on)

    def watch(self, person: Person) -> Callable[[], bool]:
        """Return what says, for as long as something is sent to `person`, whether they are still let in."""
        rests_on = self._rests_on(person)
        return lambda: (
            self._rests_on(person) == rests_on and (not person.session or self.sessions.lasts(person))
        )

    def _rests_on(self, person: Person) -> bytes | None:
        return self.passwords.record_of(person) if person.how == "password" else b""

    def is_secure(self, scope: Scope) -> bool:
        """Return whether a request came by TLS."""
        return self.secure or scope.get("scheme") == "https"


class Gate:
    """ASGI middleware that lets through what the rules above allow, and says who asks.

    Parameters
    ----------
    app
        What comes after; it finds the `Person` in the request's state, as ``person``.
    hosts
        Host names answered to; None answers to all (a login is asked for instead).
    doors
        The ways in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str] | None,
        doors: Doors,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._doors = doors
        self._turns = [anyio.Lock() for _ in range(_TURNS)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a refusal."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._hosts is not None and host_of(headers.get("host", "")) not in self._hosts:
            refusal: Refusal | None = Refusal(400, "this service does not answer to that host name")
        else:
            person = await self._person(scope, headers)
            scope.setdefault("state", {})["person"] = person if isinstance(person, Person) else None
            refusal = person if isinstance(person, Refusal) else self._objection(scope, headers, person)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await self._answer(refusal, scope, headers)(scope, receive, send)

    async def _person(self, scope: Scope, headers: Headers) -> Person | Refusal | None:
        """Return who asks; None where nobody says so."""
        doors = self._doors
        if doors.open:
            return NOBODY_IN_PARTICULAR
        cookie = cookie_parser(headers.get("cookie", "")).get(
            cookie_name(COOKIE, secure=doors.is_secure(scope)), ""
        )
        if cookie:
            person = doors.person(cookie)
            if person is not None:
                return person
        header = headers.get("authorization")
        if header is None or not doors.passwords:
            return None
        return doors.passwords.remembered(header) or await self._by_password(scope, header)

    async def _by_password(self, scope: Scope, header: str) -> Person | Refusal | None:
        address, passwords = (scope.get("client") or ("",))[0], self._doors.passwords
        login = login_of(header)
        async with self._turns[hash(header) % len(self._turns)]:  # a right one is remembered for the others
            known = passwords.remembered(header)
            if known is not None:
                return known
            if not passwords.tries.let_in(address, login):
                return Refusal(429, f"{TOO_MANY}; try again in a minute")
            person = await anyio.to_thread.run_sync(passwords.person, header)
            if person is not None:
                passwords.tries.forgive(address, login)
            return person

    def _objection(self, scope: Scope, headers: Headers, person: Person | None) -> Refusal | None:
        method, path = scope["method"], scope["path"]
        if person is None and path not in LOGIN_PATHS and not path.startswith(BUILD):
            return Refusal(401, "a login is needed")
        if method not in READING and not is_same_origin(headers):
            return Refusal(403, "a change must come from the viewer's own pages")
        needed = role_needed(method, path)
        if person is not None and needed is not None and not person.may(needed):
            return Refusal(403, f"this needs the role {needed}, which your login does not have")
        return None

    def _answer(self, refusal: Refusal, scope: Scope, headers: Headers) -> Response:
        """Return the refusal; a person's browser is sent to where they log in instead."""
        asks_for_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if refusal.status == 401 and asks_for_page:
            query = scope.get("query_string", b"").decode("latin-1")
            after = quote(scope["path"] + ("?" + query if query else ""))
            return RedirectResponse(f"/login?next={after}", 303)
        answer = {"detail": refusal.sentence}
        if refusal.status == 429:
            return JSONResponse(answer, 429, {"Retry-After": str(int(FORGIVEN_AFTER))})
        # A browser that has once been asked keeps the password, and no lock takes it away again.
        challenged = self._doors.passwords and not _is_browser(headers)
        if refusal.status == 401 and challenged:
            return JSONResponse(answer, 401, {"WWW-Authenticate": CHALLENGE})
        return JSONResponse(answer, refusal.status)


def _is_browser(headers: Mapping[str, str]) -> bool:
    """Return whether a browser asks: without TLS, or an older one, it sends no Sec-Fetch-Mode."""
    return "sec-fetch-mode" in headers or headers.get("user-agent", "").startswith("Mozilla/")


def trusted_hosts(web_host: str, *, is_open: bool) -> frozenset[str] | None:
    """Return the host names to answer to: with a login all, else loopback and the configured one."""
    return LOOPBACK_NAMES | {web_host.lower()} if is_open else None
