from __future__ import annotations

from random import Random

import pytest

from benchmarks.bench_reports import FAULTS, WRITTEN, count_false_alarms, count_missed, count_missed_in
from benchmarks.third_writer import draw_held_out_truth, draw_mended_truth
from benchmarks.third_writer_grammar import Half, Pen
from benchmarks.writers import any_reply, refused, replies
from reporting.writer.briefs import draw_brief
from study.model import Language


def test_no_injected_fault_is_missed():
    told, missed, shown = count_missed(600, seed=11)
    assert set(told) == set(FAULTS)
    assert missed.total() == 0, shown[:3]


def test_no_fault_is_missed_in_words_that_were_allowed_for_a_third_writer():
    told, missed = count_missed_in(draw_mended_truth, 700, seed=13)
    assert set(told) == set(FAULTS)
    assert missed.total() == 0, missed


def test_no_fault_is_missed_in_the_words_of_writers_who_had_not_seen_the_check():
    told, missed = count_missed_in(any_reply(WRITTEN), 1400, seed=14)
    assert set(told) == set(FAULTS)
    assert missed.total() == 0, missed


@pytest.mark.parametrize("writers", ["abc", "gh"], ids=["mended by", "held out"])
def test_of_writers_replies_to_the_real_prompt_few_are_refused(writers: str):
    pairs = [pair for file in WRITTEN if file.stem in writers for pair in replies(file)]
    whys = refused(pairs)
    assert len(whys) <= 0.02 * len(pairs), whys


def test_true_wordings_in_unfamiliar_patterns_are_not_refused():
    alarms, why = count_false_alarms(300, seed=12)
    assert alarms <= 3, why[:3]


def test_of_the_third_writers_mended_half_few_are_refused():
    alarms, why = count_false_alarms(300, seed=12, draw=draw_mended_truth)
    assert alarms <= 12, why[:3]


def test_the_third_writers_halves_share_no_rule():
    rules = [f"rule {i}" for i in range(9)]
    hands = {half: Pen(Random(3), half) for half in Half}
    drawn = {half: {pen.pick(rules) for _ in range(400)} for half, pen in hands.items()}
    assert not drawn[Half.MENDED] & drawn[Half.HELD_OUT]
    assert drawn[Half.MENDED] | drawn[Half.HELD_OUT] == drawn[Half.BOTH] == set(rules)


@pytest.mark.parametrize("language", list(Language))
def test_the_third_writer_has_a_thousand_wordings(language: Language):
    rng = Random(4)
    drawn = [draw_held_out_truth(rng, draw_brief(rng, language)) for _ in range(1200)]
    assert len({reply.model_dump_json() for reply in drawn}) > 1000
