"""Learn the micro model's tokenizer: byte-level BPE with GPT-2's splitting, which llama.cpp knows too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END, FACTS, REPLY = "<|end|>", "<|facts|>", "<|reply|>"
SPECIAL = (END, FACTS, REPLY)
VOCABULARY = 1536

# Where the facts begin in the user message; see reporting/prompts/facts.md.
FACTS_BEGIN = "language: "

# Renders the facts of the first user message only: the rules in the system message are what the
# model was trained to do, and a retry's quotation is beyond it, so a retry samples instead. A server
# that finds a template without system messages puts them before the user's, hence the split.
CHAT_TEMPLATE = (
    "{%- set seen = namespace(first=true) -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' and seen.first -%}"
    f"{FACTS}{FACTS_BEGIN}{{{{ message['content'].split('{FACTS_BEGIN}')[-1] }}}}{REPLY}"
    "{%- set seen.first = false -%}"
    "{%- endif -%}"
    "{%- endfor -%}"
)


def learn_tokenizer(texts: Iterable[str], size: int = VOCABULARY) -> Tokenizer:
    """Return a byte-level BPE tokenizer of `size` tokens learnt from `texts`.

    Every byte is a token, so any Korean or other text can be written and read.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = byte_level(Tokenizer(models.BPE()))
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def byte_level(tokenizer: Tokenizer) -> Tokenizer:
    """Return the tokenizer, made to split as GPT-2 does and to write bytes back as text."""
    from tokenizers import decoders, pre_tokenizers

    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def prompt_text(facts: str) -> str:
    """Return what the chat template makes of a request whose user message is `facts`."""
    return f"{FACTS}{facts}{REPLY}"
