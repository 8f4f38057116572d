"""What the view classifier learns from, and how its threshold is set."""

from __future__ import annotations

import numpy as np
import pytest

from study.image_kind import ImageKind
from training.eligibility_set import DRAWN, KINDS, SPOILT, drawn, varied, wanted
from training.split import Split
from training.strangers import StrangerKind
from training.view_report import REFUSED_AT_MOST, fitted_temperature, fitted_threshold


def test_every_kind_of_stranger_is_learnt_from():
    assert set(DRAWN) | set(SPOILT) == set(StrangerKind)
    learnt = {*DRAWN.values(), *SPOILT.values()}
    assert learnt == {kind for kind in ImageKind if not kind.is_readable}


def test_an_abdomen_comes_with_what_is_spoilt_of_it():
    (wish,) = wanted(Split.VALIDATION, 1, 0, rows=160, size=64)
    images, kinds = drawn(wish)
    named = [KINDS[kind] for kind in kinds]
    assert named[0].is_readable
    assert named[1:] == [ImageKind.INVERTED, ImageKind.CLIPPED, ImageKind.UPSIDE_DOWN, ImageKind.SIDEWAYS]
    assert images.shape == (5, 64, 64)
    assert np.array_equal(images[3], images[0][::-1, ::-1])
    shown = varied(images, np.random.default_rng(1))
    assert np.array_equal(shown, varied(images, np.random.default_rng(1)))
    assert shown.min() >= -1
    assert shown.max() <= 1


def test_no_seed_of_a_stranger_is_an_abdomens_nor_of_two_splits():
    sets = [wanted(split, 20, 5, rows=160, size=64) for split in (Split.TRAIN, Split.TEST)]
    for drawings in sets:
        abdomens = {w.index for w in drawings if w.stranger is None}
        assert not abdomens & {w.index for w in drawings if w.stranger is not None}
    assert {w.split for w in sets[0]}.isdisjoint({w.split for w in sets[1]})


def test_the_threshold_refuses_no_more_good_ones_than_it_may():
    good, strangers = np.linspace(0.30, 0.99, 200), np.linspace(0.01, 0.60, 100)
    both, is_good = np.r_[good, strangers], np.r_[np.ones(200, bool), np.zeros(100, bool)]
    assert (good < fitted_threshold(both, is_good)).mean() <= REFUSED_AT_MOST
    apart = fitted_threshold(np.r_[0.9 + good / 100, strangers / 10], is_good)
    assert 0.06 < apart < 0.9


def test_a_network_that_is_too_sure_gets_a_temperature_above_one():
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 600)
    logits = 12.0 * np.eye(3)[np.where(rng.random(600) < 0.8, kinds, rng.integers(0, 3, 600))]
    assert fitted_temperature(logits, kinds) > 2
    assert fitted_temperature(logits / 12, kinds) == pytest.approx(
        fitted_temperature(logits, kinds) / 12, rel=0.3
    )
