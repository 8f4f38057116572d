"""Pass on what Redis says of studies as server-sent events, one subscription a listener.

Events: ``study``, one for each change of a study; ``wording``, how far the LLM is with one; ``presence``,
somebody has opened or closed one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio
import anyio.to_thread
import redis.asyncio
import structlog
from redis.exceptions import RedisError
from sse_starlette import ServerSentEvent

from study.progress import WORDING_CHANNEL
from study.registry import CHANNEL
from web_viewer.presence import PRESENCE_CHANNEL

log = structlog.get_logger()

_TICK = 0.5  # seconds in which a listener notices that the server is closing
_LOOK_EVERY = 2.0  # seconds in which one notices that they are no longer let in
RECONNECT_MS = 1000
_NAMES = {CHANNEL: "study", WORDING_CHANNEL: "wording", PRESENCE_CHANNEL: "presence"}
_GREETING = ServerSentEvent(event="hello", data="{}", retry=RECONNECT_MS)


async def study_events(
    redis_url: str, closing: anyio.Event, *, let_in: Callable[[], bool] = lambda: True
) -> AsyncIterator[ServerSentEvent]:
    """Yield a greeting, then an event for each change of a study or a wording, until the server closes.

    It ends, too, once whoever listens is no longer let in: their session is over, or their password
    another.

    The greeting comes once the subscription stands: whoever reads the worklist after it misses
    nothing. Where Redis goes away, or is away, the stream waits for it and then ends: the browser
    connects again, and with that asks for the whole worklist.
    """
    client = redis.asyncio.Redis.from_url(
        redis_url, decode_responses=True, socket_connect_timeout=2.0, health_check_interval=15
    )
    greeted = False
    try:
        async with client.pubsub() as subscription:
            await subscription.subscribe(*_NAMES)
            for _ in _NAMES:
                await subscription.get_message(timeout=_TICK)  # that it stands
            yield _GREETING
            greeted = True
            looked = anyio.current_time()
            while not closing.is_set():
                if anyio.current_time() - looked > _LOOK_EVERY:
                    if not await anyio.to_thread.run_sync(let_in):
                        return
                    looked = anyio.current_time()
                message = await subscription.get_message(ignore_subscribe_messages=True, timeout=_TICK)
                if message is not None:
                    yield ServerSentEvent(event=_NAMES[message["channel"]], data=message["data"])
    except (RedisError, OSError) as error:
        log.warning("events_interrupted", error=type(error).__name__)
        if not greeted:
            yield _GREETING
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
