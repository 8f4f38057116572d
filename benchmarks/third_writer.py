"""Word random findings correctly in a third writer's words, to count what the check refuses of them.

The rules are in `third_writer_words_en` and `third_writer_words_ko`. They were written from the documented
rules and the facts alone, before their writer had read the check or its vocabulary. Every rule (a noun, a
place, a pattern, ...) belongs to one of two halves, dealt by a fixed seed: only the first was looked at when
words that had been refused without need were allowed, so that the other still tells of wordings unseen.
"""

from __future__ import annotations

from random import Random

from benchmarks.third_writer_en import ENGLISH
from benchmarks.third_writer_grammar import Half, Pen, write
from benchmarks.third_writer_ko import KOREAN
from reporting.brief import Brief
from reporting.reply import Reply
from study.model import Language

_GRAMMARS = {Language.ENGLISH: ENGLISH, Language.KOREAN: KOREAN}


def draw_third_truth(rng: Random, brief: Brief, half: Half = Half.BOTH) -> Reply:
    """Return a true wording of the brief by the third writer's rules."""
    return write(_GRAMMARS[brief.language], Pen(rng, half), brief)


def draw_mended_truth(rng: Random, brief: Brief) -> Reply:
    """Return a true wording by the half of the rules that was looked at."""
    return draw_third_truth(rng, brief, Half.MENDED)


def draw_held_out_truth(rng: Random, brief: Brief) -> Reply:
    """Return a true wording by the half of the rules that was not looked at."""
    return draw_third_truth(rng, brief, Half.HELD_OUT)
