from copy import deepcopy

import cv2
import numpy as np
import pytest

from inference.measure import certainty_of, count_levels, measure, uncertainty_of
from inference.predict import Prediction
from inference.preprocess import Letterbox
from inference.region import Field, region_of
from study.findings import FINDINGS, FindingLabel
from study.model import Certainty, Presence, Region
from tests.inference.conftest import FOUND
from tests.inference.truth import PACKAGE, prediction_of
from tests.study.radiographs import radiograph
from training.phantom import PhantomKind

GAS = FINDINGS[FindingLabel.PNEUMOPERITONEUM].segment_number


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def test_an_area_is_corrected_where_the_header_tells_the_magnification(phantoms, radiographs):
    kind = PhantomKind.CONSTIPATION
    magnified = deepcopy(radiographs[kind])
    magnified.EstimatedRadiographicMagnificationFactor = "1.2"
    prediction = prediction_of(phantoms[kind])
    (before,) = (f for f in measure(prediction, radiographs[kind], PACKAGE).findings if f.area_px)
    (after,) = (f for f in measure(prediction, magnified, PACKAGE).findings if f.area_px)
    assert (before.area_plane, after.area_plane) == ("detector", "patient")
    assert after.area_mm2 == pytest.approx(before.area_mm2 / 1.2**2)
    assert after.area_px == before.area_px


@pytest.mark.parametrize("kind", FOUND)
def test_a_right_prediction_gives_the_ground_truth_at_full_size(kind, phantoms, radiographs, measured):
    phantom, result = phantoms[kind], measured(kind)
    label = FindingLabel(kind.value)
    number = FINDINGS[label].segment_number
    truth = phantom.mask[number - 1]
    assert result.labels.shape == truth.shape
    assert _dice(result.labels == number, truth) > 0.96
    finding = next(f for f in result.findings if f.label is label)
    assert finding.presence is Presence.PRESENT
    assert finding.area_px == np.count_nonzero(result.labels == number)
    row, column = (float(mm) for mm in radiographs[kind].ImagerPixelSpacing)
    assert finding.area_mm2 == pytest.approx(finding.area_px * row * column)
    ys, xs = np.nonzero(result.labels == number)
    box = finding.box
    assert (box.left, box.top) == (xs.min(), ys.min())
    assert (box.width, box.height) == (np.ptp(xs) + 1, np.ptp(ys) + 1)


@pytest.mark.parametrize("kind", FOUND)
def test_every_finding_is_assessed_and_the_absent_ones_have_no_mask(kind, measured):
    result = measured(kind)
    assert [f.label for f in result.findings] == list(FINDINGS)
    for finding in result.findings:
        if finding.label.value != kind.value:
            assert finding.presence is Presence.ABSENT
            assert (finding.area_px, finding.count, finding.region, finding.box) == (0, 0, None, None)
            assert not (result.labels == FINDINGS[finding.label].segment_number).any()


def test_a_normal_radiograph_has_four_absent_findings(measured):
    result = measured(PhantomKind.NORMAL)
    assert [f.presence for f in result.findings] == [Presence.ABSENT] * 4
    assert not result.labels.any()


def _disc(shape: tuple[int, int], centre: tuple[int, int], radius: float) -> np.ndarray:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def _prediction(mask: np.ndarray, *, score: float, inside: float = 0.96, scale: int = 8) -> Prediction:
    """Return a prediction of free gas inside `mask`, bool (64, 64), of a radiograph `scale` times larger."""
    size = mask.shape[0]
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0) * inside
    probabilities = np.zeros((5, size, size), np.float32)
    probabilities[GAS], probabilities[0] = soft, 1 - soft
    scores = np.array([0.01, score, 0.01, 0.01])
    return Prediction(
        probabilities,
        scores,
        Letterbox.fit(size * scale, size * scale, size),
        np.zeros((size, size), np.float32),
    )


def _free_gas(prediction: Prediction, **attributes: object):
    side = prediction.letterbox.rows
    dataset = radiograph(np.zeros((side, side), np.uint16), **attributes)
    result = measure(prediction, dataset, PACKAGE)
    return result, result.findings[GAS - 1]


def test_outlines_are_smooth_though_the_network_is_coarse():
    result, finding = _free_gas(_prediction(_disc((64, 64), (32, 32), 12), score=0.9))
    contour = max(cv2.findContours(result.labels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    roundness = 4 * np.pi * cv2.contourArea(contour) / cv2.arcLength(contour, True) ** 2
    assert roundness > 0.86  # a disc of 8 x 8 blocks has 0.60; a pixelled disc 0.89
    assert finding.area_px == pytest.approx(np.pi * (12 * 8) ** 2, rel=0.06)


def test_tiny_parts_are_dropped_and_the_others_counted():
    mask = _disc((64, 64), (20, 20), 9) | _disc((64, 64), (46, 44), 6)
    mask[60:62, 4:6] = True
    result, finding = _free_gas(_prediction(mask, score=0.9))
    assert finding.count == 2
    assert not result.labels[456:, :80].any()


def test_a_small_part_stays_when_it_is_the_only_one():
    mask = np.zeros((64, 64), bool)
    mask[30:32, 30:32] = True
    _, finding = _free_gas(_prediction(mask, score=0.9, scale=16))
    assert finding.count == 1


def test_an_indeterminate_finding_shows_the_place_of_suspicion():
    weak = _prediction(_disc((64, 64), (16, 16), 8), score=0.4, inside=0.35)
    result, finding = _free_gas(weak)
    assert (finding.presence, finding.certainty) == (Presence.INDETERMINATE, Certainty.LOW)
    assert result.labels[128, 128] == GAS
    assert finding.area_px > 0


def test_without_pixel_spacing_the_area_is_in_pixels_only():
    prediction = _prediction(_disc((64, 64), (32, 32), 12), score=0.9)
    _, unknown = _free_gas(prediction)
    _, known = _free_gas(prediction, ImagerPixelSpacing=[0.2, 0.1])
    assert (unknown.area_mm2, known.area_mm2) == (None, pytest.approx(unknown.area_px * 0.02))


@pytest.mark.parametrize(
    ("probability", "certainty"),
    [
        (0.99, Certainty.HIGH),
        (0.70, Certainty.MODERATE),
        (0.55, Certainty.LOW),
        (0.40, Certainty.LOW),
        (0.25, Certainty.LOW),
        (0.15, Certainty.MODERATE),
        (0.02, Certainty.HIGH),
    ],
)
def test_certainty_is_the_distance_from_the_bound(probability, certainty):
    assert certainty_of(probability, PACKAGE.score(FindingLabel.CONSTIPATION)) is certainty


# A spot high on the image's left; where it lies in the patient depends on how the image is hung.
@pytest.mark.parametrize(
    ("directions", "region"),
    [
        (("L", "F"), Region.RIGHT_UPPER_QUADRANT),
        (("R", "F"), Region.LEFT_UPPER_QUADRANT),
        (("L", "H"), Region.RIGHT_LOWER_QUADRANT),
        (("R", "H"), Region.LEFT_LOWER_QUADRANT),
        (("F", "L"), Region.RIGHT_UPPER_QUADRANT),
        (("H", "L"), Region.RIGHT_LOWER_QUADRANT),
        (("F", "R"), Region.LEFT_UPPER_QUADRANT),
        (("A", "F"), Region.UPPER_ABDOMEN),
    ],
)
def test_regions_name_the_patients_own_side(directions, region):
    mask = _disc((400, 400), (80, 90), 30)
    assert region_of(mask, Field(0, 0, 400, 400, directions)) is region


@pytest.mark.parametrize(
    ("mask", "region"),
    [
        (_disc((400, 400), (200, 200), 40), Region.CENTRAL_ABDOMEN),
        (_disc((400, 400), (90, 200), 40), Region.UPPER_ABDOMEN),
        (_disc((400, 400), (270, 200), 40), Region.LOWER_ABDOMEN),
        (_disc((400, 400), (350, 200), 30), Region.PELVIS),
        (_disc((400, 400), (200, 200), 190), Region.WHOLE_ABDOMEN),
        (_disc((400, 400), (300, 320), 40), Region.LEFT_LOWER_QUADRANT),
    ],
)
def test_regions_without_a_side_are_named_by_their_height(mask, region):
    assert region_of(mask, Field(0, 0, 400, 400, ("L", "F"))) is region


def test_regions_are_measured_within_the_exposed_field():
    field = np.full((64, 64), 1.0, np.float32)
    field[:, 32:] = np.linspace(-0.9, 0.9, 32)
    box = Letterbox.fit(512, 512, 64)
    spot = _disc((512, 512), (100, 300), 20)  # right of the image's middle, left in the exposed half
    assert region_of(spot, Field.of(field, box, ("L", "F"))) is Region.RIGHT_UPPER_QUADRANT


def test_a_phantoms_distended_stomach_lies_in_the_upper_abdomen_on_the_left(phantoms, radiographs):
    kind = PhantomKind.PYLORIC_STENOSIS
    result = measure(prediction_of(phantoms[kind]), radiographs[kind], PACKAGE)
    assert result.findings[0].region in (
        Region.LEFT_UPPER_QUADRANT,
        Region.UPPER_ABDOMEN,
    )


def test_levels_are_counted_by_their_flat_edges_where_loops_touch():
    mask = np.zeros((1000, 900), bool)
    mask[200:300, 100:400] = True  # a level at row 299
    mask[280:400, 350:700] = True  # touches the first, its own level at row 399
    mask[600:601, 100:110] = True  # too short for a level
    assert count_levels(mask) == 2
    assert count_levels(mask[600:, :]) == 1  # something is there: one level at least


def test_uncertainty_is_the_larger_doubt_of_presence_and_outline():
    score = PACKAGE.score(FindingLabel.CONSTIPATION)
    surely, blurred = (np.full((8, 8), value, np.float32) for value in (0.999, 0.6))
    assert uncertainty_of(1.0, score, surely) < 0.02
    assert uncertainty_of(1.0, score, blurred) == pytest.approx(0.971, abs=1e-3)
    assert uncertainty_of(score.operating_point, score, surely) == 1
    assert uncertainty_of((score.operating_point + score.indeterminate_from) / 2, score, surely) == 1
    assert uncertainty_of(0.0, score, blurred) == 0


def test_every_finding_has_an_uncertainty(measured):
    found = measured(PhantomKind.CONSTIPATION).findings
    assert len(found) == len(FINDINGS)
    assert all(f.uncertainty is not None and 0 <= f.uncertainty <= 1 for f in found)
