"""The map that a reader's threshold is applied to is that of the model, the finding and the radiograph."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timezone

import cv2
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from inference.predict import Prediction, Predictor
from inference.preprocess import Letterbox
from inference.probability_map import Remade, own_threshold, remake_maps
from inference.step import segment_study
from study.archive import InstanceReference
from study.decision import Decision
from study.errors import PixelDataError
from study.findings import FINDINGS, FindingLabel
from study.history import Queued, Received
from study.ledger import Ledger
from study.model import Finding, Presence, StudyRecord, StudySummary
from study.pixels import file_attenuation
from study.probability_maps import MapRefusal
from study.segmentation import read_masks
from study.short_header import file_header
from training.phantom import PhantomKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def remake(record: StudyRecord, ledger: Ledger, predictor: Predictor | None, uid: str, **given) -> Remade:
    tools = {"values_of": file_attenuation, "header_of": file_header, **given}
    made = remake_maps(record, uid, archive=ledger.archive, predictor=predictor, at=NOW, **tools)
    assert made is not None
    return made


def values_of(made: Remade, label: FindingLabel) -> np.ndarray:
    described = made.made.maps[label]
    values = np.frombuffer(gzip.decompress(made.bodies[label]), np.uint8)
    return values.reshape(described.rows, described.columns)


def cut(made: Remade, label: FindingLabel, shape: tuple[int, int]) -> np.ndarray:
    """The map on the radiograph's pixels, cut where the model's own outline lies."""
    values = values_of(made, label).astype(np.float32) / 255
    enlarged = cv2.resize(values, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return enlarged > made.made.maps[label].threshold


def own_mask(record: StudyRecord, ledger: Ledger, finding: Finding) -> np.ndarray:
    assert finding.segment is not None
    ref = InstanceReference(record.study_uid, finding.segment.series_uid, finding.segment.instance_uid)
    return read_masks(ledger.archive.read(ref))[FINDINGS[finding.label].segment_number]


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def beyond(mask: np.ndarray, other: np.ndarray, reach: float) -> np.ndarray:
    """Where both differ, farther than `reach` pixels from the first one's outline."""
    side = 2 * int(np.ceil(reach)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    inner, outer = (f(mask.view(np.uint8), disc) for f in (cv2.erode, cv2.dilate))
    return (mask != other) & (inner == outer)


def too_small_to_keep(parts: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Those parts that touch the model's mask nowhere, each far smaller than it."""
    count, numbers = cv2.connectedComponents(parts.view(np.uint8), connectivity=8)
    found = np.zeros_like(own)
    for number in range(1, count):
        part = numbers == number
        if not (part & own).any():
            assert part.sum() < 0.02 * own.sum()
            found |= part
    return found


@pytest.fixture
def a_study_of(ledger: Ledger, predictor: Predictor) -> Callable[[Dataset], StudyRecord]:
    """Return a function that has the shipped model read a study of one radiograph."""

    def read(dataset: Dataset) -> StudyRecord:
        uid = dataset.StudyInstanceUID = generate_uid()
        ledger.archive.write_dataset(dataset)
        came = Received(at=NOW, revision=1, calling_ae_title="CR", summary=StudySummary())
        ledger.append(uid, lambda _: came)
        ledger.append(uid, lambda _: Queued(at=NOW, revision=1, instances=1))
        return segment_study(uid, ledger=ledger, predictor=predictor, decide=lambda _: Decision(True))

    return read


@pytest.mark.parametrize(
    "kind",
    [
        PhantomKind.PYLORIC_STENOSIS,
        PhantomKind.PNEUMOPERITONEUM,
        PhantomKind.AIR_FLUID_LEVELS,
        PhantomKind.CONSTIPATION,
    ],
)
def test_a_map_cut_at_its_own_threshold_is_the_segs_outline(
    kind: PhantomKind, radiographs, a_study_of, ledger: Ledger, predictor: Predictor
):
    record = a_study_of(deepcopy(radiographs[kind]))
    (radiograph,) = record.radiographs
    made = remake(record, ledger, predictor, radiograph.instance_uid)
    assert set(made.bodies) == set(FINDINGS)
    seen = [f for f in record.findings if f.presence is not Presence.ABSENT]
    assert seen
    for finding in seen:
        own = own_mask(record, ledger, finding)
        shown = cut(made, finding.label, (radiograph.rows, radiograph.columns))
        off = beyond(own, shown, made.made.maps[finding.label].row_scale) & ~too_small_to_keep(shown, own)
        assert not off.any(), f"{off.sum()} pixels lie more than one of the network's from the outline"
        assert dice(own, shown) > 0.999


@pytest.mark.parametrize("orientation", ["R\\H", "F\\L", "H\\L"])
def test_a_map_lies_as_a_turned_radiograph_is_stored(
    orientation: str,
    radiographs: dict[PhantomKind, Dataset],
    a_study_of,
    ledger: Ledger,
    predictor: Predictor,
):
    turn = {
        "R\\H": lambda a: a[::-1, ::-1],
        "F\\L": lambda a: a.T,
        "H\\L": lambda a: a.T[:, ::-1],
    }[orientation]
    turned = deepcopy(radiographs[PhantomKind.PYLORIC_STENOSIS])
    pixels = np.ascontiguousarray(turn(turned.pixel_array))
    turned.PixelData, (turned.Rows, turned.Columns) = pixels.tobytes(), pixels.shape
    turned.PatientOrientation = orientation.split("\\")
    record = a_study_of(turned)
    (finding,) = (f for f in record.findings if f.label is FindingLabel.PYLORIC_STENOSIS)
    made = remake(record, ledger, predictor, str(turned.SOPInstanceUID))
    described = made.made.maps[finding.label]
    assert (described.rows > described.columns) == (turned.Rows > turned.Columns)
    own, shown = own_mask(record, ledger, finding), cut(made, finding.label, (turned.Rows, turned.Columns))
    assert dice(own, shown) > 0.999


def test_a_radiograph_that_is_read_otherwise_now_has_no_map(
    a_read_study: StudyRecord, ledger: Ledger, predictor: Predictor
):
    uid = a_read_study.radiographs[0].instance_uid
    other = [f.model_copy(update={"probability": 1 - f.probability}) for f in a_read_study.findings]
    record = a_read_study.model_copy(update={"findings": other})
    made = remake(record, ledger, predictor, uid)
    assert (made.made.refusal, made.bodies) == (MapRefusal.NOT_REPRODUCED, {})


def test_a_model_that_is_gone_and_a_file_that_cannot_be_read_are_named(
    a_read_study: StudyRecord, ledger: Ledger, predictor: Predictor
):
    uid = a_read_study.radiographs[0].instance_uid
    gone = remake(a_read_study, ledger, None, uid).made
    assert (gone.refusal, "kidray-unet-phantom" in gone.reason) == (MapRefusal.OTHER_MODEL, True)

    def broken(_: object) -> np.ndarray:
        raise PixelDataError("the pixel data is short")

    made = remake(a_read_study, ledger, predictor, uid, values_of=broken).made
    assert (made.refusal, made.reason) == (MapRefusal.UNREADABLE, "the pixel data is short")


def test_a_radiograph_that_was_never_read_comes_to_nothing(
    a_read_study: StudyRecord, ledger: Ledger, predictor: Predictor
):
    tools = {"values_of": file_attenuation, "header_of": file_header}
    made = remake_maps(a_read_study, "1.2.3", archive=ledger.archive, predictor=predictor, at=NOW, **tools)
    assert made is None


@pytest.mark.parametrize(
    ("strongest", "expected"),
    [(0.9, 0.5), (0.4, 0.2), (0.2, 0.15)],
    ids=["it wins", "half of the suspicion", "the weakest that counts"],
)
def test_where_a_finding_wins_nowhere_its_outline_is_its_strongest_suspicion(strongest, expected):
    size, number = 32, 2
    probabilities = np.zeros((len(FINDINGS) + 1, size, size), np.float32)
    probabilities[number, 8:24, 8:24] = strongest
    probabilities[0] = 1 - probabilities[number]
    box = Letterbox.fit(64, 64, size)
    field = np.zeros((size, size), np.float32)
    prediction = Prediction(probabilities, np.zeros(len(FINDINGS)), box, field)
    assert own_threshold(prediction, number) == pytest.approx(expected, abs=1e-6)
