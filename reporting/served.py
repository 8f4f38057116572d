"""What an LLM's server says of itself: whether it is well, and what runs there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from reporting.http import client_options, read_up_to, within
from reporting.llm import Llm
from study.errors import LlmUnavailableError

HEALTH_SECONDS = 2.0  # for an answer to GET /health, which computes nothing
_NO_SUCH_PAGE = {404, 405, 501}  # a server that is well, but knows no /health
_LONGEST = 65_536  # bytes of an answer that are read


def check_health(llm: Llm, seconds: float = HEALTH_SECONDS) -> bool:
    """Return whether the server says that it is well; False where it has no `/health` to say so.

    Raises
    ------
    LlmUnavailableError
        If it does not answer within `seconds`, or says that it is not well.
    """
    try:
        status, _ = _get(llm, "/health", seconds)
    except asyncio.TimeoutError:
        raise LlmUnavailableError(f"the LLM at {llm.place} did not answer within {seconds:g} s") from None
    except OSError as error:
        raise LlmUnavailableError(f"the LLM at {llm.place} does not answer") from error
    if status in _NO_SUCH_PAGE:
        return False
    if status != 200:
        raise LlmUnavailableError(f"the LLM at {llm.place} is not well: /health answers {status}")
    return True


def engine_of(llm: Llm, seconds: float = HEALTH_SECONDS) -> str | None:
    """Return what serves the model, as "vllm 0.32.0" or "llamacpp"; None where it does not tell."""
    try:
        status, models = _get(llm, "/v1/models", seconds)
        owner = models["data"][0].get("owned_by") if status == 200 else None
        if owner != "vllm":
            return str(owner)[:64] if owner else None
        status, told = _get(llm, "/version", seconds)
        return f"vllm {told['version']}"[:64] if status == 200 else "vllm"
    except (OSError, asyncio.TimeoutError, LookupError, TypeError, AttributeError):
        return None


def _get(llm: Llm, path: str, seconds: float) -> tuple[int, Any]:
    """Return the status and the JSON, None where it is none, of a page beside ``/v1``.

    Raises
    ------
    asyncio.TimeoutError
        If it took longer than `seconds`.
    OSError
        If no HTTP answer was had.
    """
    import httpx

    async def ask() -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {llm.api_key.get_secret_value()}", "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(**client_options(llm.url, seconds)) as http,
            http.stream("GET", llm.url.rstrip("/").removesuffix("/v1") + path, headers=headers) as answer,
        ):
            return answer.status_code, _json(await read_up_to(answer, _LONGEST))

    try:
        return within(seconds, ask)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConnectionError(type(error).__name__) from error


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
