"""Answer held-out prompts greedily, and count what production could use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from reporting.brief import Brief
from reporting.finetune.encode import encode_prompt
from reporting.finetune.pairs import TrainingPair
from reporting.grounding import check_wording
from reporting.reply import parse_reply, reply_json
from study.errors import WordingError


class Figures(NamedTuple):
    """What the answers came to. Nothing holds a reply to the schema here, as a server would.

    Attributes
    ----------
    asked
        Prompts.
    whole, grounded
        Share of replies that keep to the schema, and that pass the grounding check too.
    signed
        Share that are the signed text to the letter.
    """

    asked: int
    whole: float
    grounded: float
    signed: float


def answer(model: Any, tokenizer: Any, brief: Brief, longest: int) -> str:
    """Return the model's greedy reply to the production prompt of `brief`.

    Parameters
    ----------
    model, tokenizer
        A causal language model of Transformers, and its tokenizer.
    brief
        The facts.
    longest
        Tokens after which the reply is cut off.
    """
    import torch

    ids = torch.tensor([encode_prompt(tokenizer, brief)], device=model.device)  # (1, length) int64
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=longest,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    text: str = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
    return text.strip()


def answers(
    model: Any,
    tokenizer: Any,
    briefs: Sequence[Brief],
    longest: int,
    report: Callable[[str], None],
) -> list[str]:
    """Return a reply to each brief; `report` gets a line now and then."""
    was_training, use_cache = model.training, model.config.use_cache
    model.eval()
    model.config.use_cache = True
    replies = []
    for number, brief in enumerate(briefs, start=1):
        replies.append(answer(model, tokenizer, brief, longest))
        if number % 10 == 0 or number == len(briefs):
            report(f"answered {number} of {len(briefs)}")
    model.config.use_cache = use_cache
    model.train(was_training)
    return replies


def judge(pairs: Sequence[TrainingPair], replies: Sequence[str]) -> Figures:
    """Return the figures of `replies` to the briefs of `pairs`. Pure."""
    whole = grounded = signed = 0
    for pair, text in zip(pairs, replies, strict=True):
        try:
            reply = parse_reply(text)
        except WordingError:
            continue
        whole += 1
        grounded += not check_wording(reply, pair.brief)
        signed += reply_json(reply) == reply_json(pair.reply)
    asked = len(pairs)
    return Figures(asked, *(count / max(asked, 1) for count in (whole, grounded, signed)))
