"""Talk to the LLM: the only place that does. LangChain is imported when the LLM is first called."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from reporting.reply import REPLY_SCHEMA
from study.errors import WordingError
from study.settings import Settings

if TYPE_CHECKING:
    import httpx
    from langchain_core.messages import BaseMessage
    from langchain_openai import ChatOpenAI

MAX_TOKENS = 1536
_RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "wording", "strict": True, "schema": REPLY_SCHEMA},
}


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

    def warm_up(self) -> None:
        """Import what a call needs, which takes seconds, before the first study waits for it."""
        import langchain_core.prompts  # noqa: F401 - what reporting.prompt needs

        with _http(self.url, self.timeout) as http:
            _chat(self, http, 0.0)

    def ask(self, messages: Sequence[BaseMessage], *, deadline: float, temperature: float = 0.0) -> str:
        """Return the text of the reply, which the server was told to hold to the schema.

        Parameters
        ----------
        messages
            From `reporting.prompt`, which no DICOM text can reach.
        deadline
            When to give up, on the clock of `time.monotonic`.
        temperature
            0 for the first try; more lets a second try differ.

        Raises
        ------
        WordingError
            If no whole reply came in time. Retryable where another try may do better.
        """
        import httpx
        import openai

        left = deadline - time.monotonic()
        if left <= 0:
            raise WordingError(f"the LLM gave no wording within {self.timeout:g} s")
        try:
            with _http(self.url, left) as http:
                chat = _chat(self, http, temperature)
                reply = chat.invoke(list(messages), response_format=_RESPONSE_FORMAT)
        except openai.LengthFinishReasonError as error:
            raise WordingError("the LLM's reply was cut off at its longest", retryable=True) from error
        except openai.APITimeoutError as error:
            raise WordingError(f"the LLM gave no wording within {self.timeout:g} s") from error
        except openai.APIConnectionError as error:
            raise WordingError(f"the LLM at {_place(self.url)} does not answer") from error
        except openai.APIStatusError as error:
            raise WordingError(
                f"the LLM answered with HTTP {error.status_code}", retryable=error.status_code >= 500
            ) from error
        except (
            openai.OpenAIError,
            httpx.HTTPError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
        ) as error:
            # A server that is no LLM may send anything; the clients then fail in their own ways.
            raise WordingError(f"the LLM's answer cannot be read ({type(error).__name__})") from error
        if not isinstance(reply.content, str) or not reply.content.strip():
            raise WordingError("the LLM's reply was empty", retryable=True)
        return reply.content


def _http(url: str, seconds: float) -> httpx.Client:
    """Return a client that asks no proxy for a server on this machine."""
    import httpx

    # Reading the certificates takes longer than the embedded model; plain HTTP has no use for them.
    tls = urlsplit(url).scheme == "https"
    return httpx.Client(trust_env=not _is_loopback(url), verify=tls, timeout=seconds)


def _chat(llm: Llm, http: httpx.Client, temperature: float) -> ChatOpenAI:
    os.environ["LANGSMITH_TRACING"] = "false"  # nothing about a study leaves for a third party
    os.environ["LANGCHAIN_TRACING_V2"] = "false"
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        model=llm.model,
        base_url=llm.url,
        api_key=llm.api_key,
        temperature=temperature,
        timeout=http.timeout.read,
        max_retries=0,
        # Both names of the limit are sent, and thinking is turned off: servers know one or the other.
        extra_body={"max_tokens": MAX_TOKENS, "chat_template_kwargs": {"enable_thinking": False}},
        http_client=http,
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _place(url: str) -> str:
    """Return host and port of a URL, without what it may carry of a login."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
