"""How the service does, for whoever runs it; behind the role admin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from web_viewer.admin.schemas import AuditLine
from web_viewer.deps import HeldDep

router = APIRouter(prefix="/api/admin", tags=["admin"])


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
