"""A radiograph that is stored rotated or mirrored, and says so, gives what it gives when hung as usual."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest
from pydicom import Dataset

from inference.hanging import Hanging
from inference.measure import measure
from inference.results import read_radiograph
from study.findings import FindingLabel
from study.pixels import attenuation_values
from study.segmentation import read_masks
from tests.inference.truth import PACKAGE, prediction_of
from tests.study.radiographs import radiograph
from training.phantom import PhantomKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
Turn = Callable[[np.ndarray], np.ndarray]

# How an image in the standard hanging is stored, and the Patient Orientation that says so.
STORED: list[tuple[str, Turn]] = [
    ("L\\F", lambda a: a),
    ("R\\H", lambda a: a[::-1, ::-1]),
    ("R\\F", lambda a: a[:, ::-1]),
    ("L\\H", lambda a: a[::-1]),
    ("F\\L", lambda a: a.T),
    ("H\\L", lambda a: a.T[:, ::-1]),
    ("F\\R", lambda a: a.T[::-1]),
    ("H\\R", lambda a: a.T[::-1, ::-1]),
]


def _stored(source: Dataset, orientation: str, turn: Turn) -> Dataset:
    turned = deepcopy(source)
    pixels = np.ascontiguousarray(turn(source.pixel_array))
    turned.PixelData, (turned.Rows, turned.Columns) = pixels.tobytes(), pixels.shape
    turned.PatientOrientation = orientation.split("\\")
    return turned


@pytest.mark.parametrize(("orientation", "turn"), STORED, ids=[o for o, _ in STORED])
def test_an_image_is_turned_upright_and_back(orientation: str, turn: Turn) -> None:
    upright = np.arange(12, dtype=np.uint16).reshape(3, 4)
    hanging = Hanging.of(radiograph(upright, PatientOrientation=orientation.split("\\")))
    assert hanging.directions == ("L", "F")
    np.testing.assert_array_equal(hanging.upright(turn(upright)), upright)
    np.testing.assert_array_equal(hanging.as_stored(upright), turn(upright))


@pytest.mark.parametrize("orientation", [None, ["", ""], ["L", "R"]])
def test_without_a_usable_orientation_an_image_is_taken_as_it_lies(orientation) -> None:
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    hanging = Hanging.of(radiograph(image, PatientOrientation=orientation))
    np.testing.assert_array_equal(hanging.upright(image), image)


@pytest.mark.parametrize(("orientation", "turn"), STORED[1:5], ids=[o for o, _ in STORED[1:5]])
@pytest.mark.parametrize("kind", [PhantomKind.PNEUMOPERITONEUM, PhantomKind.AIR_FLUID_LEVELS])
def test_findings_do_not_depend_on_how_the_image_is_stored(
    kind, orientation: str, turn: Turn, radiographs, predictor
) -> None:
    usual = radiographs[kind]
    stored = _stored(usual, orientation, turn)
    expected = read_radiograph(usual, attenuation_values(usual), predictor, NOW)
    result = read_radiograph(stored, attenuation_values(stored), predictor, NOW)
    positioned = {"box", "segment"}
    assert [f.model_dump(exclude=positioned) for f in result.findings] == [
        f.model_dump(exclude=positioned) for f in expected.findings
    ]
    np.testing.assert_array_equal(result.labels, turn(expected.labels))
    assert result.seg is not None
    assert expected.seg is not None
    masks, usual_masks = read_masks(result.seg), read_masks(expected.seg)
    assert masks.keys() == usual_masks.keys()
    for number, mask in masks.items():
        np.testing.assert_array_equal(mask, turn(usual_masks[number]))
    for finding in (f for f in result.findings if f.box is not None):
        ys, xs = np.nonzero(masks[_number(finding.label)])
        box = finding.box
        assert (box.left, box.top, box.width, box.height) == (
            xs.min(),
            ys.min(),
            np.ptp(xs) + 1,
            np.ptp(ys) + 1,
        )


def test_free_gas_is_seen_on_a_radiograph_stored_upside_down(radiographs, predictor) -> None:
    turned = _stored(radiographs[PhantomKind.PNEUMOPERITONEUM], *STORED[1])
    gas = read_radiograph(turned, attenuation_values(turned), predictor, NOW).findings[1]
    assert (gas.label, gas.presence) == (FindingLabel.PNEUMOPERITONEUM, "present")
    assert gas.region is not None
    assert "lower" not in gas.region


def test_levels_of_a_decubitus_radiograph_are_flat_towards_the_side_it_lies_on(phantoms, radiographs) -> None:
    kind, label = PhantomKind.AIR_FLUID_LEVELS, list(FindingLabel).index(FindingLabel.AIR_FLUID_LEVELS)
    phantom = phantoms[kind]
    usual = measure(prediction_of(phantom), radiographs[kind], PACKAGE).findings[label]
    assert usual.count > 1
    lying = deepcopy(
        radiographs[kind]
    )  # as made: fluid settles towards the image's bottom, the patient's left
    lying.PatientOrientation, lying.ViewPosition = ["F", "L"], "LLD"
    del lying.PatientOrientationCodeSequence
    upright = replace(phantom, pixels=phantom.pixels.T, mask=phantom.mask.transpose(0, 2, 1))
    finding = measure(prediction_of(upright), lying, PACKAGE).findings[label]
    assert abs(finding.count - usual.count) <= 1
    lying.ViewPosition = "AP"
    assert abs(measure(prediction_of(upright), lying, PACKAGE).findings[label].count - usual.count) > 1


def _number(label: FindingLabel) -> int:
    return list(FindingLabel).index(label) + 1
