from __future__ import annotations

from benchmarks.bench_reports import FAULTS, count_false_alarms, count_missed


def test_no_injected_fault_is_missed():
    told, missed, shown = count_missed(600, seed=11)
    assert set(told) == set(FAULTS)
    assert missed.total() == 0, shown[:3]


def test_true_wordings_in_unfamiliar_patterns_are_not_refused():
    alarms, why = count_false_alarms(300, seed=12)
    assert alarms <= 3, why[:3]
