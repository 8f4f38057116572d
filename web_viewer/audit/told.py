"""Tell the audit trail what happened at a request."""

from __future__ import annotations

from fastapi import Request
from starlette.types import Scope

from study.telemetry import now
from web_viewer.audit.record import AUTHENTICATED, MINOR_FAILURE, SUCCESS, Occasion, audit_event
from web_viewer.audit.trail import Trail
from web_viewer.identity.person import Person


class Auditor:
    """Writes what happened to a trail.

    Parameters
    ----------
    trail
        Where it is kept.
    observer
        Name of this service: its AE title.
    """

    def __init__(self, trail: Trail, observer: str) -> None:
        self.trail = trail
        self._observer = observer

    def note(self, scope: Scope, occasion: Occasion, person: Person | None, *, durable: bool = False) -> None:
        """Keep one record."""
        address = (scope.get("client") or ("unknown",))[0]
        self.trail.keep(
            audit_event(occasion, person, address=address, at=now(), observer=self._observer), durable=durable
        )


def tell(
    request: Request, auditor: Auditor, action: str, person: Person | None, *, succeeded: bool = True
) -> None:
    """Keep a record of a login, a logout or what is like them."""
    outcome = SUCCESS if succeeded else MINOR_FAILURE
    auditor.note(request.scope, Occasion(AUTHENTICATED, action, outcome), person, durable=True)
