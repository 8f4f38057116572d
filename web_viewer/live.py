"""Pass on what Redis says of studies as server-sent events, one subscription a listener."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import anyio
import redis.asyncio
import structlog
from redis.exceptions import RedisError
from sse_starlette import ServerSentEvent

from study.registry import CHANNEL

log = structlog.get_logger()

_TICK = 0.5  # seconds in which a listener notices that the server is closing
RECONNECT_MS = 1000


async def study_events(redis_url: str, closing: anyio.Event) -> AsyncIterator[ServerSentEvent]:
    """Yield one event for each change of a study until the server closes.

    Where Redis goes away the stream waits for it and then ends: the browser connects again, and
    with that asks for the whole worklist, so nothing that was said meanwhile is missed.
    """
    yield ServerSentEvent(event="hello", data="{}", retry=RECONNECT_MS)
    async for message in _messages(redis_url, closing):
        yield ServerSentEvent(event="study", data=json.dumps(json.loads(message)))


async def _messages(redis_url: str, closing: anyio.Event) -> AsyncIterator[str]:
    client = redis.asyncio.Redis.from_url(
        redis_url, decode_responses=True, socket_connect_timeout=2.0, health_check_interval=15
    )
    try:
        async with client.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            while not closing.is_set():
                message = await subscription.get_message(ignore_subscribe_messages=True, timeout=_TICK)
                if message is not None:
                    yield message["data"]
    except (RedisError, OSError) as error:
        log.warning("events_interrupted", error=type(error).__name__)
        await _wait_for(client, closing)
    finally:
        await client.aclose()


async def _wait_for(client: redis.asyncio.Redis, closing: anyio.Event) -> None:
    while not closing.is_set():
        try:
            await client.ping()
        except (RedisError, OSError):
            await anyio.sleep(_TICK)
        else:
            return
