"""Write the card of a quantised writer: what was done with what, and what it came to."""

from __future__ import annotations

from reporting.finetune.card import LIMITS, figures_table, table
from reporting.quantize.quantize import Quantised


def quantised_card(done: Quantised) -> str:
    """Return the card of a quantised model, in Markdown."""
    how = {
        "made of": done.model,
        "scheme": f"W4A16, GPTQ, symmetric, groups of {done.group}; lm_head and embeddings in full",
        "calibrated on": f"{done.samples} of our prompts with replies, {done.given} from a pairs file, "
        "the rest drawn at random",
        "MB on disk": f"{done.bytes_before / 1e6:,.1f} before, {done.bytes_after / 1e6:,.1f} after",
        "time": f"{done.seconds:g} s",
    }
    parity = done.parity
    alike = {
        "prompts": str(parity.asked),
        "replies equal to the letter": f"{parity.same:.0%}",
        "grounded before and not after": f"{parity.lost:.0%}",
        "grounded after and not before": f"{parity.gained:.0%}",
    }
    return (
        f"# {done.model}, quantised\n\n"
        "Compressed tensors; vLLM loads them as they are. The licence is that of the model quantised.\n\n"
        f"{table(how)}\n"
        "## Parity\nGreedy replies to prompts that the calibration did not see.\n\n"
        f"{table(alike)}\n{figures_table(parity.before, parity.after)}{LIMITS}"
    )
