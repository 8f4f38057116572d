"""How the service does, for whoever runs it; behind the role admin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from study.errors import DeliveryError, NotInArchiveError
from study.version import service_version
from web_viewer.admin.pulse import Pulse
from web_viewer.admin.schemas import AdminState, AuditLine, Echoed, Replayed, ReplayRequest
from web_viewer.admin.state import admin_state
from web_viewer.deps import HeldDep, QueueDep, ServicesDep
from web_viewer.problems import BadGatewayError
from web_viewer.schemas import Problem

router = APIRouter(prefix="/api/admin", tags=["admin"])


@router.get("/state")
def read_state(request: Request, kept: HeldDep) -> AdminState:
    """Return how the service does, the last hour within."""
    pulse: Pulse = request.app.state.pulse
    return admin_state(kept, pulse, service_version())


@router.post("/dead-letters/replay")
def replay_dead_letters(wish: ReplayRequest, queue: QueueDep) -> Replayed:
    """Put one job that was given up, or all of them, back on its queue."""
    return Replayed(count=queue.replay(wish.message_id))


@router.post("/destinations/{ae_title}/echo", responses={404: {"model": Problem}, 502: {"model": Problem}})
def echo_destination(ae_title: str, services: ServicesDep) -> Echoed:
    """Ask a destination whether it is there (C-ECHO)."""
    policy = next((p for p in services.settings.policies if p.node.ae_title == ae_title), None)
    if policy is None or services.echo is None:
        raise NotInArchiveError("there is no such destination")
    try:
        seconds = services.echo(policy.node)
    except DeliveryError as error:
        raise BadGatewayError(str(error)) from error
    return Echoed(milliseconds=round(seconds * 1000, 1))


@router.get("/audit")
def read_audit(kept: HeldDep, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[AuditLine]:
    """Return the newest audit records, newest first."""
    return [_line(record) for record in kept.audit.trail.tail(limit)]


def _line(record: dict[str, Any]) -> AuditLine:
    agent = (record.get("agent") or [{}])[0]
    entity = (record.get("entity") or [{}])[0]
    uid = entity.get("what", {}).get("identifier", {}).get("value", "")
    return AuditLine(
        at=record["recorded"],
        login=agent.get("who", {}).get("identifier", {}).get("value", ""),
        name=agent.get("name", ""),
        address=agent.get("network", {}).get("address", ""),
        action=record["subtype"][-1]["code"],
        event=record["type"]["display"],
        succeeded=record["outcome"] == "0",
        study_uid=uid.removeprefix("urn:oid:"),
    )
