"""Talk to the LLM: the only place that asks it for words. LangChain is imported when it is first called."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from reporting.http import client_options, within
from reporting.reply import REPLY_SCHEMA
from study.circuit import place
from study.errors import LlmUnavailableError, WordingError
from study.settings import Settings

if TYPE_CHECKING:
    import httpx
    from langchain_core.messages import BaseMessage
    from langchain_openai import ChatOpenAI

MAX_TOKENS = 1536
MAX_CHARACTERS = 8192  # more than those tokens hold in either language: a server that ignores its limit
MAX_BLANKS = 200  # characters of white space in a row; a schema lets some servers write them for ever
DECODING = "json_schema"  # how the server is told to hold to the schema
_RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "wording", "strict": True, "schema": REPLY_SCHEMA},
}
Hear = Callable[[str], None]  # is given the reply so far, which nobody has checked


@dataclass(frozen=True)
class Answer:
    """A whole reply, and what it cost.

    Attributes
    ----------
    text
        The reply, unchecked.
    first_token_ms
        Milliseconds from the question to the first token.
    prompt_tokens, completion_tokens
        As the server counts them; None where it does not tell.
    model
        What the server says it runs; None where it does not tell.
    """

    text: str
    first_token_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    model: str | None = None


@dataclass(frozen=True)
class Llm:
    """An OpenAI-compatible server that may be asked for wordings.

    Attributes
    ----------
    url
        Base URL, ending in ``/v1``.
    model
        Name of the model there; the embedded server ignores it.
    api_key
        Sent as the bearer token.
    timeout
        Seconds for one wording, both tries together.
    """

    url: str
    model: str
    api_key: SecretStr = field(default=SecretStr("none"), repr=False)
    timeout: float = 20.0

    @classmethod
    def from_settings(cls, settings: Settings) -> Llm | None:
        """Return the LLM that the settings name; None where they name none."""
        if settings.llm_url is None:
            return None
        return cls(settings.llm_url, settings.llm_model, settings.llm_api_key, settings.llm_timeout)

    @property
    def place(self) -> str:
        """Host and port, without what the URL may carry of a login."""
        return place(self.url)

    @staticmethod
    def warm_up() -> None:
        """Have what a call needs imported, which takes seconds, before the first study waits for it."""
        _load_clients()

    def ask(
        self,
        messages: Sequence[BaseMessage],
        *,
        deadline: float,
        temperature: float = 0.0,
        hear: Hear | None = None,
    ) -> Answer:
        """Return the reply, which the server was told to hold to the schema.

        The deadline is hard: whatever the server does (accept and say nothing, drip headers or
        tokens for ever), the connection is dropped when it has come.

        Parameters
        ----------
        messages
            From `reporting.prompt`, which no DICOM text can reach.
        deadline
            When to give up, on the clock of `time.monotonic`.
        temperature
            0 for the first try; more lets a second try differ.
        hear
            Called with the reply so far as it grows.

        Raises
        ------
        LlmUnavailableError
            If the server does not answer, not in time, or not as an LLM does.
        WordingError
            If it answered with nothing usable. Retryable where another try may do better.
        """
        left = deadline - time.monotonic()
        late = LlmUnavailableError(f"the LLM gave no wording within {self.timeout:g} s")
        if left <= 0:
            raise late
        try:
            return within(left, lambda: self._listen(messages, left, temperature, hear))
        except asyncio.TimeoutError:  # the builtin one from Python 3.11 on
            raise late from None
        except WordingError:
            raise
        except Exception as error:
            translated = _translated(error, self)
            if translated is None:
                raise
            raise translated from error

    async def _listen(
        self, messages: Sequence[BaseMessage], left: float, temperature: float, hear: Hear | None
    ) -> Answer:
        text, first = "", None
        said: dict[str, Any] = {}  # what the server says of the reply as a whole
        asked = time.monotonic()
        async with _chat(self, left, temperature) as chat:
            async for chunk in chat.astream(list(messages), response_format=_RESPONSE_FORMAT):
                said |= chunk.response_metadata
                if not isinstance(chunk.content, str) or not chunk.content:
                    continue
                first = first or (time.monotonic() - asked) * 1000
                text += chunk.content
                _stop_a_runaway(text)
                if hear is not None:
                    hear(text)
        if said.get("finish_reason") == "length":
            raise WordingError("the LLM's reply was cut off at its longest", retryable=True)
        if not text.strip():
            raise WordingError("the LLM's reply was empty", retryable=True)
        usage = said.get("token_usage") or {}
        return Answer(
            text=text,
            first_token_ms=first,
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
            model=said.get("model_name"),
        )


def _stop_a_runaway(text: str) -> None:
    """Refuse a reply that no longer becomes one, without waiting for its end."""
    if len(text) - len(text.rstrip()) > MAX_BLANKS:
        raise WordingError("the LLM's reply ran away into white space", retryable=True)
    if len(text) > MAX_CHARACTERS:
        raise WordingError("the LLM's reply was longer than any wording is", retryable=True)


def _translated(error: Exception, llm: Llm) -> WordingError | None:
    """Return what an error of the clients says of the server; None for an error that is our own."""
    import httpx
    import openai

    if isinstance(error, openai.LengthFinishReasonError):
        return WordingError("the LLM's reply was cut off at its longest", retryable=True)
    if isinstance(error, (openai.APITimeoutError, httpx.TimeoutException)):
        return LlmUnavailableError(f"the LLM gave no wording within {llm.timeout:g} s")
    if isinstance(error, (openai.APIConnectionError, httpx.TransportError)):
        return LlmUnavailableError(f"the LLM at {llm.place} does not answer")
    if isinstance(error, openai.APIStatusError):
        said = f"the LLM answered with HTTP {error.status_code}"
        return LlmUnavailableError(said, retryable=error.status_code >= 500)
    if isinstance(error, AssertionError):  # the client's own, at the end of a stream without a piece
        return WordingError("the LLM's answer cannot be read: no piece of a reply came", retryable=True)
    # A server that is no LLM may send anything; the clients then fail in their own ways.
    own = (ValueError, TypeError, LookupError, AttributeError)
    if isinstance(error, (openai.OpenAIError, httpx.HTTPError, *own)):
        return LlmUnavailableError(f"the LLM's answer cannot be read ({type(error).__name__})")
    return None


@cache
def _load_clients() -> None:
    """Put one question to a server in memory: the clients import their parts when they need them."""
    import httpx
    from langchain_core.prompts import ChatPromptTemplate

    piece = {"index": 0, "delta": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "1", "choices": [piece]}
    body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    answer = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, text=body)
    transport = httpx.MockTransport(lambda _: answer)
    question = ChatPromptTemplate.from_messages([("human", "{facts}")]).format_messages(facts="")

    async def ask() -> None:
        async with _chat(Llm("http://127.0.0.1/v1", ""), 60.0, 0.0, transport) as chat:
            async for _ in chat.astream(question, response_format=_RESPONSE_FORMAT):
                pass

    within(600.0, ask)  # a busy machine imports slowly


@asynccontextmanager
async def _chat(
    llm: Llm, seconds: float, temperature: float, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[ChatOpenAI]:
    os.environ["LANGSMITH_TRACING"] = "false"  # nothing about a study leaves for a third party
    os.environ["LANGCHAIN_TRACING_V2"] = "false"
    import httpx
    from langchain_openai import ChatOpenAI

    options = client_options(llm.url, seconds)
    async with httpx.AsyncClient(**options, transport=transport) as http:
        with httpx.Client(**options) as unused:  # else one is made, which reads the certificates
            yield ChatOpenAI(
                model=llm.model,
                base_url=llm.url,
                api_key=llm.api_key,
                temperature=temperature,
                timeout=seconds,
                max_retries=0,
                stream_usage=True,
                # Both names of the limit are sent, and thinking is turned off: servers know one or the other.
                extra_body={"max_tokens": MAX_TOKENS, "chat_template_kwargs": {"enable_thinking": False}},
                http_client=unused,
                http_async_client=http,
            )
