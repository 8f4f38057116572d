"""The shape of an LLM's reply: sentences, each with the facts it rests on."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from study.errors import WordingError

MAX_SENTENCES = 24


class Line(BaseModel):
    """One sentence and the facts that it words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=400)]
    refs: Annotated[list[str], Field(min_length=1, max_length=MAX_SENTENCES)]


class Reply(BaseModel):
    """What an LLM may give back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: Annotated[list[Line], Field(min_length=1, max_length=MAX_SENTENCES)]
    impression: Annotated[list[Line], Field(min_length=1, max_length=MAX_SENTENCES)]


# Written by hand: servers differ in which keywords of JSON Schema they enforce, and these few are
# enforced by all. `parse_reply` holds the reply to the full model afterwards.
_LINE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "refs": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["text", "refs"],
    "additionalProperties": False,
}
REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "findings": {"type": "array", "items": _LINE, "minItems": 1},
        "impression": {"type": "array", "items": _LINE, "minItems": 1},
    },
    "required": ["findings", "impression"],
    "additionalProperties": False,
}


def parse_reply(text: str) -> Reply:
    """Return the reply that `text` holds.

    Raises
    ------
    WordingError
        If it is not JSON of the schema. Retryable: another try may be well formed.
    """
    try:
        return Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "reply"
        raise WordingError(
            f"the reply breaks the schema at {where}: {first['msg']}", retryable=True
        ) from None


def reply_json(reply: Reply) -> str:
    """Return the reply as the compact JSON that the schema yields."""
    return reply.model_dump_json()
