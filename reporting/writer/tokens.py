"""Learn the micro model's tokenizer: byte-level BPE with GPT-2's splitting, which llama.cpp knows too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END, FACTS, REPLY = "<|end|>", "<|facts|>", "<|reply|>"
SPECIAL = (END, FACTS, REPLY)
VOCABULARY = 1536

# Renders the first user message only: the rules in the system message are what the model was trained
# to do, and a retry's quotation is beyond it, so a retry samples instead.
CHAT_TEMPLATE = (
    "{%- set seen = namespace(first=true) -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' and seen.first -%}"
    f"{FACTS}{{{{ message['content'] }}}}{REPLY}"
    "{%- set seen.first = false -%}"
    "{%- endif -%}"
    "{%- endfor -%}"
)


def learn_tokenizer(texts: Iterable[str], size: int = VOCABULARY) -> Tokenizer:
    """Return a byte-level BPE tokenizer of `size` tokens learnt from `texts`.

    Every byte is a token, so any Korean or other text can be written and read.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def prompt_text(facts: str) -> str:
    """Return what the chat template makes of a request whose user message is `facts`."""
    return f"{FACTS}{facts}{REPLY}"
