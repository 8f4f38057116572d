"""Turn a pair into tokens: the prompt as a server renders it in production, then the reply."""

from __future__ import annotations

from typing import Any, NamedTuple

from reporting.brief import Brief
from reporting.finetune.pairs import TrainingPair
from reporting.prompt import messages
from reporting.reply import reply_json


class Encoded(NamedTuple):
    """Tokens of one pair.

    Attributes
    ----------
    prompt, reply
        Token ids; the reply's end with the token that ends a turn.
    """

    prompt: list[int]
    reply: list[int]


def chat(brief: Brief) -> list[dict[str, str]]:
    """Return the production prompt as role and content, which is what the client sends."""
    from langchain_core.messages import convert_to_openai_messages

    sent = convert_to_openai_messages(messages(brief))
    return [{"role": str(each["role"]), "content": str(each["content"])} for each in sent]


def encode_prompt(tokenizer: Any, brief: Brief) -> list[int]:
    """Return the tokens of the prompt by the model's own chat template, thinking off.

    Parameters
    ----------
    tokenizer
        A Transformers tokenizer with a chat template.
    brief
        The facts.
    """
    ids = tokenizer.apply_chat_template(
        chat(brief), add_generation_prompt=True, enable_thinking=False, return_dict=False
    )
    return [int(each) for each in ids]


def encode_pair(tokenizer: Any, pair: TrainingPair) -> Encoded:
    """Return the tokens of a pair; only those of the reply are learnt."""
    reply = tokenizer(reply_json(pair.reply), add_special_tokens=False)["input_ids"]
    return Encoded(encode_prompt(tokenizer, pair.brief), [*map(int, reply), int(tokenizer.eos_token_id)])
