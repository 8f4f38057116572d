"""Build what the LLM is sent: prompt files filled from a brief, which holds enumerations only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from reporting.brief import Brief, Fact
from reporting.reply import Reply, reply_json
from study.compat import StrEnum
from study.model import Check

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

MAX_QUOTED = 6  # violations quoted in a retry; the first ones name the trouble


def facts_text(brief: Brief) -> str:
    """Return the user message: the language, then one line a fact."""
    lines = "\n".join(_line(fact) for fact in brief.facts)
    return _file("facts.md").format(language=brief.language.value, facts=lines)


def messages(brief: Brief) -> list[BaseMessage]:
    """Return the prompt for one brief: the rules with two examples, then the facts."""
    from langchain_core.prompts import ChatPromptTemplate

    prompt = ChatPromptTemplate.from_messages([("system", _file("system.md")), ("human", "{facts}")])
    return prompt.format_messages(examples=_examples(), facts=facts_text(brief))


def retry_messages(brief: Brief, refused: str, checks: Sequence[Check]) -> list[BaseMessage]:
    """Return the prompt for one more try, with the refused reply and what is wrong with it."""
    from langchain_core.messages import AIMessage, HumanMessage

    quoted = "\n".join(f"- {check.rule}: {check.message}" for check in checks[:MAX_QUOTED])
    again = HumanMessage(content=_file("retry.md").format(violations=quoted))
    return [*messages(brief), AIMessage(content=refused), again]


def prompt_sha256(brief: Brief) -> str:
    """Return the SHA-256 of the whole prompt, in hexadecimal; kept with the wording."""
    text = _file("system.md") + _examples() + facts_text(brief)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def examples() -> list[tuple[Brief, Reply]]:
    """Return the worked examples of the prompt, held to the same types as the real thing."""
    pairs = json.loads(_file("examples.json"))
    return [(Brief.model_validate(p["brief"]), Reply.model_validate(p["reply"])) for p in pairs]


def _examples() -> str:
    return "\n".join(f"{facts_text(brief)}{reply_json(reply)}\n" for brief, reply in examples())


def _line(fact: Fact) -> str:
    parts = [_words(fact.finding), fact.presence.value]
    if fact.certainty is not None:
        parts.append(f"certainty {fact.certainty.value}")
    if fact.region is not None:
        parts.append(f"in {_words(fact.region)}")
    if fact.number is not None:
        parts.append(fact.number.value)
    if fact.radiograph is not None:
        parts.append(f"on {fact.radiograph.value}")
    if fact.age_band is not None:
        parts.append(f"patient {_words(fact.age_band)}")
    return f"{fact.ref}: {', '.join(parts)}"


def _words(code: StrEnum) -> str:
    """Return an enumeration's value as words; it stays one of a closed list."""
    return code.value.replace("_", " ")


@cache
def _file(name: str) -> str:
    return (files("reporting") / "prompts" / name).read_text("utf-8")
