"""GET /api/events."""

from __future__ import annotations

from fastapi import APIRouter
from sse_starlette import EventSourceResponse

from web_viewer.deps import HeldDep
from web_viewer.live import study_events

router = APIRouter(prefix="/api", tags=["worklist"])

HEARTBEAT_SECONDS = 15


@router.get("/events", response_class=EventSourceResponse)
async def stream_events(kept: HeldDep) -> EventSourceResponse:
    """Stream ``event: study`` with ``{study_uid, state, version, critical}`` for each change."""
    events = study_events(kept.services.redis_url, kept.closing)
    return EventSourceResponse(events, ping=HEARTBEAT_SECONDS)
