"""Losses, figures of merit and calibration, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.finding_score import Choice
from inference.scores import FEATURES, Calibration, calibrated, image_features, image_scores
from study.findings import FINDINGS, FindingLabel
from training.calibrate import (
    LARGEST_WEIGHT,
    choice_for,
    fit_logistic,
    fit_score,
    indeterminate_from,
    operating_point,
    sensitive_point,
)
from training.losses import segmentation_loss, soft_dice
from training.metrics import auroc, batch_pooled_soft_dice, bootstrap_mean, dice, wilson


def test_soft_dice_by_hand() -> None:
    labels = torch.tensor([[[0, 1], [1, 1]]])
    foreground = torch.tensor([[[0.2, 0.8], [0.6, 1.0]]])
    probabilities = torch.stack([1 - foreground, foreground], dim=1)
    # overlap 2.4, sums 2.6 + 3, smoothed by 1
    assert soft_dice(probabilities, labels).tolist() == pytest.approx([(2 * 2.4 + 1) / (5.6 + 1)])
    # background: overlap 0.8, sums 1.4 + 1
    both = soft_dice(probabilities, labels, background=True)
    assert both.tolist() == pytest.approx([(2 * 0.8 + 1) / (2.4 + 1), 5.8 / 6.6])


def test_the_loss_weights_classes_and_shares() -> None:
    labels = torch.tensor([[[0, 1]]])
    logits = torch.tensor([[[[0.0, 0.0]], [[0.0, 0.0]]]])
    weights = torch.tensor([0.25, 1.0])
    entropy = np.log(2)  # weighted mean of equal terms
    dice_term = 1 - (2 * 0.5 + 1) / (1 + 1 + 1)
    for share in (0.0, 0.5, 1.0):
        loss = float(segmentation_loss(logits, labels, class_weights=weights, dice_share=share))
        assert loss == pytest.approx(share * dice_term + (1 - share) * entropy)
    tilted = torch.tensor([[[[0.0, 2.0]], [[0.0, 0.0]]]])  # wrong at the pixel that weighs more
    wrong = np.log(1 + np.exp(2))
    expected = (0.25 * np.log(2) + 1.0 * wrong) / 1.25
    loss = float(segmentation_loss(tilted, labels, class_weights=weights, dice_share=0.0))
    assert loss == pytest.approx(expected, rel=1e-5)


def test_pooled_soft_dice_agrees_with_the_loss() -> None:
    rng = np.random.default_rng(0)
    raw = rng.random((3, 5, 8, 8), np.float32)
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    labels = rng.integers(5, size=(3, 8, 8)).astype(np.uint8)
    expected = soft_dice(
        torch.from_numpy(probabilities), torch.from_numpy(labels.astype(np.int64)), background=True
    )
    assert batch_pooled_soft_dice(probabilities, labels) == pytest.approx(float(expected.mean()), rel=1e-5)


def test_figures_of_merit_by_hand() -> None:
    one, other = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert dice(one, other) == 0.5
    assert dice(~one & one, ~one & one) == 1.0
    assert auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert auroc(np.array([0.5, 0.5]), np.array([False, True])) == 0.5
    share = wilson(9, 10)
    assert (share.value, round(share.low, 3), round(share.high, 3)) == (0.9, 0.596, 0.982)
    assert wilson(10, 10).high == pytest.approx(1.0)
    assert np.isnan(wilson(0, 0).value)


def test_the_bootstrap_interval_holds_the_mean_and_narrows_with_the_sample() -> None:
    rng = np.random.default_rng(0)
    few, many = (bootstrap_mean(rng.normal(0.8, 0.1, size)) for size in (20, 500))
    assert few.low < few.value < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(500), rel=0.2)


def test_features_measure_what_they_are_named_for() -> None:
    probabilities = np.zeros((5, 64, 64), np.float32)
    probabilities[0] = 1
    empty = image_features(probabilities)
    assert empty.shape == (4, len(FEATURES))
    assert np.abs(empty).max() < 1e-6
    probabilities[2, 16:48, 16:48], probabilities[0, 16:48, 16:48] = 0.9, 0.1
    features = image_features(probabilities)
    assert features[1] == pytest.approx([np.log10(0.25 + 1e-4) + 4, 0.9, 0.9], abs=1e-3)
    assert np.abs(features[[0, 2, 3]]).max() < 1e-6


def test_a_fitted_score_is_calibrated_and_separates() -> None:
    rng = np.random.default_rng(1)
    features = np.stack([rng.normal(0, 1, 4000), rng.normal(0, 1, 4000), rng.normal(0, 1, 4000)], axis=1)
    chance = 1 / (1 + np.exp(-(2 * features[:, 0] - 1)))
    present = rng.random(4000) < chance
    score = fit_score(features, present)
    calibration = Calibration(np.array([score.weights]), np.array([score.bias]))
    probabilities = calibrated(features[:, None, :], calibration)[:, 0]
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        inside = (probabilities >= low) & (probabilities < high)
        assert probabilities[inside].mean() == pytest.approx(present[inside].mean(), abs=0.06)
    assert score.indeterminate_from < score.operating_point
    specificity = (probabilities[~present] < score.operating_point).mean()
    assert specificity >= 0.949


def test_the_operating_point_lies_between_two_clear_groups() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.7, 0.9])
    assert operating_point(probabilities, np.array([False, False, False, True, True])) == pytest.approx(0.5)


def test_what_is_critical_is_called_as_often_as_a_specificity_of_95_percent_allows() -> None:
    negatives = np.linspace(0.0, 0.5, 100)
    probabilities = np.concatenate([negatives, [0.3, 0.479, 0.8, 0.9]])
    present = np.arange(len(probabilities)) >= len(negatives)
    first, best_sum = sensitive_point(probabilities, present), operating_point(probabilities, present)
    assert (probabilities[present] >= first).mean() == 0.75  # 0.3 would cost more than is allowed
    assert 0.95 <= (probabilities[~present] < first).mean() < 0.97
    assert first == pytest.approx((0.479 + negatives[negatives < 0.479].max()) / 2)
    assert best_sum == pytest.approx(first)  # one in four is worth five in a hundred
    many = np.concatenate([np.full(60, 0.9), [0.479]])  # one in sixty is not
    probabilities, present = np.concatenate([negatives, many]), np.arange(161) >= 100
    assert sensitive_point(probabilities, present) < 0.479 < operating_point(probabilities, present)


def test_only_the_critical_finding_is_chosen_for_its_sensitivity() -> None:
    sensitive = {label for label in FINDINGS if choice_for(label) is Choice.SENSITIVITY_FIRST}
    assert sensitive == {FindingLabel.PNEUMOPERITONEUM}


def test_no_feature_gets_an_extreme_weight_where_a_set_is_separated_without_error() -> None:
    rng = np.random.default_rng(3)
    present = np.arange(300) < 60
    sure = np.where(present, 1.0, 0.0)
    features = np.stack([
        4 * sure + rng.normal(0, 0.05, 300),
        0.001 * sure + rng.normal(0, 1e-4, 300),  # hardly varies: a free fit weighs it with hundreds
        -sure + rng.normal(0, 0.1, 300),  # a sign that would speak against the finding
    ], axis=1)  # fmt: skip
    fit = fit_logistic(features, present)
    assert fit.weights.min() >= 0
    assert fit.weights.max() <= LARGEST_WEIGHT + 1e-9
    assert fit.weights[2] == 0
    probabilities = 1 / (1 + np.exp(-(features @ fit.weights + fit.bias)))
    assert probabilities[present].min() > 0.8 > 0.2 > probabilities[~present].max()


def test_indeterminate_begins_where_few_negatives_reach() -> None:
    negatives = np.concatenate([np.full(95, 0.01), np.full(5, 0.2)])
    assert indeterminate_from(negatives, 0.5) == pytest.approx(0.2)
    assert indeterminate_from(np.full(10, 0.01), 0.5) == pytest.approx(0.1)
    assert indeterminate_from(np.full(10, 0.4), 0.5) == pytest.approx(0.25)


def test_a_score_needs_both_kinds_of_radiograph() -> None:
    with pytest.raises(ValueError, match="without it"):
        fit_score(np.zeros((3, 3)), np.array([True, True, True]))


def test_scores_come_in_segment_order() -> None:
    probabilities = np.zeros((5, 64, 64), np.float32)
    probabilities[3, 8:24, 8:24] = 1
    calibration = Calibration(np.tile([0.0, 10.0, 0.0], (4, 1)), np.full(4, -5.0))
    scores = image_scores(probabilities, calibration)
    assert scores[2] > 0.99
    assert scores[[0, 1, 3]].max() < 0.01
