"""Audit every request that shows or changes something, whatever route answers it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_viewer.access import READING
from web_viewer.audit.record import (
    ACCESSED,
    ALERTED,
    AUDIT_USED,
    AUTHENTICATED,
    CHANGED,
    IMPORTED,
    MINOR_FAILURE,
    OPERATED,
    QUERIED,
    SERIOUS_FAILURE,
    SUCCESS,
    TRANSFERRED,
    Occasion,
)
from web_viewer.audit.told import Auditor
from web_viewer.identity.person import Person

ONE_VIEW = 60.0  # seconds in which one person's looks at one study are one record
_REMEMBERED = 4096
_QUERIES = frozenset({"/api/worklist"})
_ASKING = frozenset({"/api/studies/{study_uid}/report/check"})  # a POST that changes nothing
_SELF_TOLD = "/api/session"
_UNTOLD = "/api/studies/{study_uid}/presence"  # of a page whose study was noted when it was opened


def occasion_of(method: str, route: str, name: str, study_uid: str, status: int) -> Occasion | None:
    """Return what a request was to the trail; None where it showed nobody anything.

    Parameters
    ----------
    route
        Path of the route that answered, such as ``/api/studies/{study_uid}``; empty where none did.
    name
        Its name.
    study_uid
        The study in its path; empty where there is none.
    status
        Of the answer.
    """
    if route == _UNTOLD and status < 400:
        return None
    outcome = SUCCESS if status < 400 else MINOR_FAILURE if status < 500 else SERIOUS_FAILURE
    if method not in READING and route not in _ASKING:
        if route.startswith("/api/studies"):
            return Occasion(CHANGED, name, outcome, study_uid)
        if route.startswith("/dicom-web"):
            return Occasion(IMPORTED, name, outcome, study_uid)
        if route.startswith("/api/") and not route.startswith(_SELF_TOLD):
            return Occasion(OPERATED, name, outcome, study_uid)
        return None
    if method == "OPTIONS" or (outcome != SUCCESS and not study_uid):
        return None
    if route == "/api/admin/audit":
        return Occasion(AUDIT_USED, "read_audit", outcome)
    if route in _QUERIES or (route.startswith("/dicom-web") and name.startswith("search")):
        return Occasion(QUERIED, "search", outcome, study_uid)
    if not study_uid:
        return None
    if route.startswith("/dicom-web"):
        return Occasion(TRANSFERRED, "retrieve", outcome, study_uid)
    return Occasion(
        ACCESSED, "view_prior_list" if name == "read_priors" else "view_study", outcome, study_uid
    )


class Watch:
    """ASGI middleware around the gate; a record is kept before the answer begins.

    A change has its record on stable storage by then. Looks at one study by one person within a minute
    are one record: opening it asks for header, pixels, overlay and report.
    """

    def __init__(
        self, app: ASGIApp, *, auditor: Auditor, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._auditor = auditor
        self._clock = clock
        self._seen: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_and_note)

    async def _note(self, scope: Scope, status: int) -> None:
        person: Person | None = scope.get("state", {}).get("person")
        occasion = _refusal(scope, status) or _occasion(scope, status)
        if occasion is None:
            return
        change = occasion.kind in (CHANGED, IMPORTED, OPERATED)
        if not change and self._is_known(scope, person, occasion):
            return
        await anyio.to_thread.run_sync(lambda: self._auditor.note(scope, occasion, person, durable=change))

    def _is_known(self, scope: Scope, person: Person | None, occasion: Occasion) -> bool:
        address = (scope.get("client") or ("",))[0]
        who = (person.subject, person.session) if person else ("", "")
        key = (*who, address, occasion.kind.code, occasion.action, occasion.outcome, occasion.study_uid)
        now = self._clock()
        with self._lock:
            known = now - self._seen.get(key, -ONE_VIEW) < ONE_VIEW
            if not known:
                self._seen[key] = now
                while len(self._seen) > _REMEMBERED:
                    del self._seen[next(iter(self._seen))]
        return known


def _refusal(scope: Scope, status: int) -> Occasion | None:
    """Return the occasion of a request that the gate did not let through, or a login that came too often."""
    if status == 429:
        return Occasion(AUTHENTICATED, "login_too_often", MINOR_FAILURE)
    if scope.get("route") is not None:
        return None
    if status == 401 and "authorization" in Headers(scope=scope):
        return Occasion(AUTHENTICATED, "login", MINOR_FAILURE)
    return Occasion(ALERTED, "refused", MINOR_FAILURE) if status == 403 else None


def _occasion(scope: Scope, status: int) -> Occasion | None:
    route = scope.get("route")
    path = str(getattr(route, "path", ""))
    study_uid = str(scope.get("path_params", {}).get("study_uid", ""))
    return occasion_of(scope["method"], path, str(getattr(route, "name", "")), study_uid, status)
