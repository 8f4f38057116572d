"""GET /api/events."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from sse_starlette import EventSourceResponse, ServerSentEvent

from web_viewer.deps import HeldDep, PersonDep
from web_viewer.live import study_events

router = APIRouter(prefix="/api", tags=["worklist"])

HEARTBEAT_SECONDS = 15
FAREWELL_SECONDS = 2.0  # in which a stream ends by itself when the server closes


@router.get("/events", response_class=EventSourceResponse)
async def stream_events(kept: HeldDep, person: PersonDep) -> EventSourceResponse:
    """Stream ``event: study`` with ``{study_uid, state, version, critical}`` for each change.

    It ends with the session that asked.
    """
    let_in = kept.identity.doors.watch(person)
    events = study_events(kept.services.redis_url, kept.closing, let_in=let_in)
    greeting = await anext(events)  # before the browser learns that it is connected
    return EventSourceResponse(
        _all(greeting, events), ping=HEARTBEAT_SECONDS, shutdown_grace_period=FAREWELL_SECONDS
    )


async def _all(
    first: ServerSentEvent, others: AsyncIterator[ServerSentEvent]
) -> AsyncIterator[ServerSentEvent]:
    yield first
    async for event in others:
        yield event
