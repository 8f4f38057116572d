"""What an evaluation computes, against values worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inference.finding_score import FindingScore
from inference.models import ModelPackage, load_package
from inference.scores import FEATURES, Calibration, calibrated
from study.findings import FindingLabel
from training.calibrate import fit_score
from training.comparison import comparison
from training.froc import Candidate, Marks, froc, marks_of, sensitivity_at
from training.metrics import (
    auroc_estimate,
    bootstrap_mean,
    effective_trials,
    roc_points,
    share_of,
    wilson,
)
from training.reading import Facts, Reading
from training.reliability import at_temperature, brier, calibration_error, reliability
from training.subgroups import severity_name
from training.summary import corners, summarise
from training.surface import surface_distance
from training.temperature import fit_temperature, out_of_fold_logits, with_temperature

NAN = float("nan")


def test_images_of_one_patient_do_not_narrow_an_interval() -> None:
    rng = np.random.default_rng(0)
    twenty = rng.normal(0.8, 0.1, 20)
    copies, patients = np.repeat(twenty, 5), np.repeat(np.arange(20), 5)
    alone, together = bootstrap_mean(twenty), bootstrap_mean(copies, patients)
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.15)
    taken_apart = bootstrap_mean(copies)
    assert together.high - together.low > 1.8 * (taken_apart.high - taken_apart.low)


def test_shares_count_patients_not_images() -> None:
    hits = np.repeat(np.array([True] * 9 + [False]), 4)
    patients = np.repeat(np.arange(10), 4)
    assert effective_trials(hits, patients) == pytest.approx(9.0)  # 10 patients, variance over 10 - 1
    assert share_of(hits).low == pytest.approx(wilson(36, 40).low)
    assert share_of(hits, patients).low < share_of(hits).low
    sure = share_of(np.ones(40, np.bool_), patients)
    assert (sure.value, sure.low, sure.images) == (1.0, pytest.approx(wilson(10, 10).low), 40)


def test_too_few_patients_have_no_interval() -> None:
    estimate = bootstrap_mean(np.array([0.5, 0.7, 0.9]))
    assert estimate.value == pytest.approx(0.7)
    assert np.isnan([estimate.low, estimate.high]).all()


def test_the_area_under_the_curve_has_an_interval_around_it() -> None:
    rng = np.random.default_rng(3)
    positive = np.arange(200) < 80
    scores = rng.normal(0, 1, 200) + 1.5 * positive
    estimate = auroc_estimate(scores, positive)
    assert estimate.low < estimate.value < estimate.high
    assert estimate.value == pytest.approx(0.856, abs=0.06)  # of two normals 1.5 apart
    apart = auroc_estimate(np.arange(20.0), np.arange(20) >= 10)
    assert tuple(apart[:3]) == (1.0, 1.0, 1.0)


def test_a_roc_curve_by_hand() -> None:
    across, up = roc_points(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    assert across.tolist() == [0, 0, 0.5, 0.5, 1]
    assert up.tolist() == [0, 0.5, 0.5, 1, 1]


def test_surface_distances_by_hand() -> None:
    one = np.zeros((60, 60), np.bool_)
    one[10:31, 10:31] = True
    other = np.roll(one, 4, axis=1)
    assert surface_distance(one, one, (0.5, 0.5)) == (0, 0)
    lines = np.zeros((2, 40, 40), np.bool_)
    lines[0, :, 10], lines[1, :, 16] = True, True
    assert surface_distance(lines[0], lines[1], (1.0, 0.2)) == pytest.approx((1.2, 1.2))
    assert surface_distance(lines[0].T.copy(), lines[1].T.copy(), (0.2, 1.0)) == pytest.approx((1.2, 1.2))
    shifted = surface_distance(one, other, (1.0, 1.0))
    assert 0 < shifted.mean < 4
    assert shifted.hausdorff95 == pytest.approx(4.0)
    assert np.isnan(surface_distance(one, np.zeros_like(one), (1.0, 1.0))).all()


def test_lesions_and_candidates_are_matched_by_overlap() -> None:
    there, channel = np.zeros((100, 100), np.bool_), np.zeros((100, 100), np.float32)
    there[10:30, 10:30], there[60:80, 60:80] = True, True
    channel[10:30, 10:22] = 0.9  # 60 % of the first lesion
    channel[60:63, 60:80] = 0.6  # 15 % of the second: on target, but no hit
    channel[5:9, 80:95] = 0.4  # on nothing
    marks = marks_of(channel, there, 0.5)
    assert marks.lesions == 2
    assert [(c.is_on_target, c.hits) for c in sorted(marks.candidates, reverse=True)] == [
        (True, (0,)),
        (True, ()),
        (False, ()),
    ]
    assert max(c.confidence for c in marks.candidates) == pytest.approx(0.45)
    assert marks_of(np.zeros((8, 8), np.float32), np.zeros((8, 8), np.bool_), 1.0) == Marks(0, ())


def test_a_froc_curve_by_hand() -> None:
    images = [
        Marks(2, (Candidate(0.9, True, (0,)), Candidate(0.6, True, (0, 1)), Candidate(0.5, False, ()))),
        Marks(0, (Candidate(0.7, False, ()),)),
        Marks(1, ()),
        Marks(1, (Candidate(0.2, True, (0,)),)),
    ]
    curve = froc(images)
    assert curve.rates.tolist() == [0, 0, 0.25, 0.25, 0.5, 0.5]
    assert curve.sensitivities.tolist() == [0, 0.25, 0.25, 0.5, 0.5, 0.75]
    assert [sensitivity_at(curve, rate) for rate in (0, 0.3, 1)] == [0.25, 0.5, 0.75]
    assert froc([]).rates.tolist() == [0]


def test_a_curve_is_kept_by_its_corners() -> None:
    across = np.array([0, 0, 0, 0, 0, 0.1, 0.2, 0.2, 0.4])
    up = np.array([0, 0.2, 0.6, 1, 1, 1, 1, 1, 1.0])
    assert corners(across, up) == [[0, 0], [0, 1], [0.4, 1]]
    assert corners(np.zeros(1), np.zeros(1)) == [[0, 0]]
    stairs = np.repeat(np.linspace(0, 1, 600), 2)
    thinned = corners(stairs[1:], stairs[:-1])
    assert len(thinned) == 200
    assert (thinned[0], thinned[-1]) == ([0, 0], [1, pytest.approx(1, abs=0.01)])


def test_calibration_error_and_reliability_by_hand() -> None:
    probabilities = np.array([0.05, 0.05, 0.85, 0.85, 0.85, 1.0])
    present = np.array([False, True, True, True, False, True])
    assert [(round(b.mean_probability, 3), round(b.observed_share, 3), b.images)
            for b in reliability(probabilities, present)] == [
        (0.05, 0.5, 2), (0.85, 0.667, 3), (1.0, 1.0, 1)
    ]  # fmt: skip
    expected = (2 * 0.45 + 3 * (0.85 - 2 / 3)) / 6
    assert calibration_error(probabilities, present).value == pytest.approx(expected)
    assert brier(np.array([0.5, 1.0]), np.array([True, True])) == 0.125


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_temperature_is_recovered(temperature: float) -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 4, 20_000)
    present = rng.random(20_000) < 1 / (1 + np.exp(-logits / temperature))
    assert fit_temperature(logits, present) == pytest.approx(temperature, rel=0.05)


def test_a_set_without_errors_does_not_ask_for_certainty() -> None:
    logits = np.concatenate([np.full(10, 3.0), np.full(10, -3.0)])
    temperature = fit_temperature(logits, logits > 0)
    assert at_temperature(np.array([1 / (1 + np.exp(-3))]), temperature) == pytest.approx(11 / 12, abs=1e-3)


def test_a_temperature_changes_probabilities_and_no_decision() -> None:
    rng = np.random.default_rng(7)
    features = rng.normal(0, 1, (60, len(FEATURES)))  # so few that the fit is surer than it should be
    present = rng.random(60) < 1 / (1 + np.exp(-features[:, 0]))
    cold = fit_score(features, present)
    warm = with_temperature(cold, features, present)
    assert warm.temperature > 1.02
    before, after = _served(cold, features), _served(warm, features)
    assert np.abs(before - after).max() > 0.01
    assert [cold.presence(float(p)) for p in before] == [warm.presence(float(p)) for p in after]
    assert warm.temperature == with_temperature(warm, features, present).temperature


def _served(score: FindingScore, features: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    weights = np.array([score.weights]) / score.temperature
    return calibrated(features[:, None], Calibration(weights, np.array([score.bias / score.temperature])))[
        :, 0
    ]


def test_a_package_serves_probabilities_at_its_temperature() -> None:
    package = load_package()
    label = FindingLabel.CONSTIPATION
    cooler = {
        **package.description.scores,
        label: package.score(label).model_copy(update={"temperature": 2.0}),
    }
    warmed = ModelPackage(package.folder, package.description.model_copy(update={"scores": cooler}))
    features = np.full((4, package.calibration.weights.shape[1]), 1.3)
    before, after = (calibrated(features, each.calibration) for each in (package, warmed))
    own = package.score(label).temperature
    assert np.allclose(before[:3], after[:3])
    assert after[3] == pytest.approx(at_temperature(before[3:], 2.0 / own)[0])


def test_each_fifth_is_answered_by_a_score_that_did_not_see_it() -> None:
    rng = np.random.default_rng(2)
    features, present = rng.normal(0, 1, (50, 3)), np.arange(50) % 2 == 0  # nothing to learn
    logits = out_of_fold_logits(features, present)
    assert abs(np.corrcoef(logits, present)[0, 1]) < 0.4
    changed = features.copy()
    changed[0] += 100  # in the first fold: its own logit moves, the others' of its fold do not
    assert np.allclose(out_of_fold_logits(changed, present)[10::10], logits[10::10])


def reading(patient: int, **changes: Any) -> Reading:
    """Return the reading of a normal abdomen, rightly called normal, with changes."""
    normal: dict[str, Any] = {
        "index": patient, "name": f"radiograph {patient}", "patient": patient, "facts": Facts(view="erect"),
        "scores": np.full(4, 0.1), "called": np.zeros(4, np.bool_), "undecided": np.zeros(4, np.bool_),
        "present": np.zeros(4, np.bool_), "dices": np.full(4, NAN), "distances": np.full((4, 2), NAN),
        "marks": tuple(Marks(0, ()) for _ in range(4)), "seconds": 0.1,
    }  # fmt: skip
    return Reading(**{**normal, **changes})


def free_gas(patient: int, dice: float, severity: float, *, called: bool = True) -> Reading:
    """Return the reading of a radiograph with free gas."""
    second = np.arange(4) == 1
    return reading(
        patient,
        facts=Facts("supine", 3, {FindingLabel.PNEUMOPERITONEUM: severity}, ()),
        scores=np.where(second, 0.9 if called else 0.2, 0.1),
        present=second,
        called=second & called,
        dices=np.where(second, dice, NAN),
        distances=np.where(second[:, None], [2.0, 5.0] if called else [NAN, NAN], NAN),
    )


def test_readings_are_put_together_by_finding_severity_view_and_look_alike() -> None:
    alarm = reading(
        9,
        facts=Facts("erect", 100, {}, ("chilaiditi",)),
        called=np.arange(4) == 1,
        scores=np.array([0.1, 0.8, 0.1, 0.1]),
    )
    readings = [free_gas(n, 0.8, 0.9) for n in range(5)] + [free_gas(5, 0.0, 0.1, called=False)]
    readings += [reading(6), reading(7), reading(8), alarm]
    figures = summarise(readings, dict.fromkeys(FindingLabel, 1.0))
    gas = figures["findings"]["pneumoperitoneum"]
    assert gas["present"] == 6
    assert gas["dice"]["value"] == pytest.approx(4 / 6, abs=1e-4)
    assert (gas["sensitivity"]["value"], gas["specificity"]["value"]) == (
        pytest.approx(5 / 6, abs=1e-4),
        0.75,
    )
    assert (gas["surface_distance_mm"]["value"], gas["surface_distance_mm"]["count"]) == (2.0, 5)
    assert gas["without_distance"] == 1
    assert gas["auroc"]["value"] == pytest.approx(23 / 24, abs=1e-4)  # the missed one is beaten once
    by_severity = figures["by_severity"]["pneumoperitoneum"]
    assert by_severity["subtle"]["sensitivity"]["value"] == 0
    assert by_severity["gross"]["dice"] == {"value": 0.8, "low": 0.8, "high": 0.8, "count": 5}
    assert figures["by_mimic"]["chilaiditi"]["false_alarms"]["pneumoperitoneum"] == [1, 1]
    assert figures["by_view"]["supine"]["images"] == 6
    assert figures["by_age"]["2 to 11 years"]["images"] == 1
    assert figures["by_number_of_findings"]["no finding"]["specificity"]["value"] == pytest.approx(15 / 16)
    assert figures["findings"]["constipation"]["dice"]["value"] is None
    assert figures["all"]["mean_dice"]["value"] is None  # three findings never occur


def test_undecided_counts_as_missed_where_the_finding_is() -> None:
    second = np.arange(4) == 1
    unsure = reading(0, present=second, undecided=second, dices=np.where(second, 0.7, NAN))
    figures = summarise([unsure, reading(1)], dict.fromkeys(FindingLabel, 1.0))["findings"][
        "pneumoperitoneum"
    ]
    assert figures["sensitivity"]["value"] == 0
    assert figures["undecided_present"]["value"] == 1
    assert figures["dice"]["value"] == 0.7  # what is served of it is judged all the same


def test_a_radiograph_known_as_a_whole_counts_for_detection_only() -> None:
    second = np.arange(4) == 1
    whole = reading(0, present=second, called=second, marks=None)
    figures = summarise([whole, reading(1)], dict.fromkeys(FindingLabel, 1.0))["findings"]["pneumoperitoneum"]
    assert (figures["sensitivity"]["count"], figures["dice"]["count"], figures["froc"]["images"]) == (1, 0, 1)
    with pytest.raises(ValueError, match="no radiograph"):
        summarise([], dict.fromkeys(FindingLabel, 1.0))


def test_two_models_are_compared_radiograph_by_radiograph() -> None:
    ours = [free_gas(n, 0.8 + 0.01 * n, 0.5) for n in range(6)] + [reading(n) for n in range(6, 12)]
    theirs = [free_gas(n, 0.7 + 0.01 * n, 0.5, called=n > 2) for n in range(6)]
    theirs += [reading(n, called=np.arange(4) == (1 if n == 6 else -1)) for n in range(6, 12)]
    found = comparison(ours, theirs)["findings"]["pneumoperitoneum"]
    assert (found["dice"], found["sensitivity"]) == (0.725, 0.5)
    assert found["specificity"] == pytest.approx(5 / 6, abs=1e-4)
    lead = found["lead"]
    assert lead["dice"] == {"value": 0.1, "low": 0.1, "high": 0.1, "count": 6}  # of each pair: no doubt
    assert lead["sensitivity"]["value"] == 0.5
    assert lead["sensitivity"]["low"] < 0.5 < lead["sensitivity"]["high"]
    assert lead["specificity"]["value"] == pytest.approx(1 / 6, abs=1e-4)
    with pytest.raises(ValueError, match="same radiographs"):
        comparison(ours, theirs[1:])


def test_severities_are_named_by_thirds() -> None:
    assert [severity_name(s) for s in (0.0, 0.33, 0.34, 0.66, 0.67, 1.0)] == [
        "subtle", "subtle", "moderate", "moderate", "gross", "gross",
    ]  # fmt: skip
