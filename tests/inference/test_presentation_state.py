"""The findings as outlines over the radiograph itself."""

from __future__ import annotations

from datetime import datetime, timezone
from io import BytesIO

import cv2
import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage
from structlog.testing import capture_logs

from inference.presentation_state import MOST_POINTS, keep_presentation_states, outlines
from study.archive import InstanceReference
from study.findings import FINDINGS, FindingLabel
from study.ledger import Ledger
from study.model import StudyRecord
from study.owed import presentation_uid
from study.segmentation import read_masks
from tests.inference.validators import dciodvfy
from tests.peers import Orthanc

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def keep(ledger: Ledger, record: StudyRecord) -> list[InstanceReference]:
    return keep_presentation_states(record, archive=ledger.archive, made_at=NOW)


def through_bytes(ledger: Ledger, ref: InstanceReference) -> Dataset:
    return pydicom.dcmread(BytesIO(ledger.archive.path(ref).read_bytes()))


def drawn_lines(state: Dataset, layer: str, shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels that the outlines of a layer go through, uint8 (rows, columns)."""
    lines = np.zeros(shape, np.uint8)
    for annotation in state.GraphicAnnotationSequence:
        for line in annotation.get("GraphicObjectSequence", []) if annotation.GraphicLayer == layer else []:
            points = np.array(line.GraphicData).reshape(-1, 2)
            assert (points[0] == points[-1]).all(), "an outline is closed"
            cv2.polylines(lines, [np.floor(points).astype(np.int32)], True, 1)
    return lines


def farthest(of: np.ndarray, to: np.ndarray) -> float:
    """Return how far, in pixels, the farthest pixel of one set is from the nearest of another."""
    return float(cv2.distanceTransform((to == 0).astype(np.uint8), cv2.DIST_L2, 5)[of > 0].max())


def test_every_seg_is_outlined_over_its_own_radiograph(ledger, a_read_study, tmp_path) -> None:
    made = keep(ledger, a_read_study)
    drawn = [r for r in a_read_study.radiographs if r.seg_instance_uid is not None]
    assert drawn
    assert [ref.instance_uid for ref in made] == [presentation_uid(a_read_study.study_uid, r) for r in drawn]
    for ref, radiograph in zip(made, drawn, strict=True):
        state = through_bytes(ledger, ref)
        assert not dciodvfy(state, tmp_path)
        assert state.SOPClassUID == GrayscaleSoftcopyPresentationStateStorage
        assert (state.PatientName, state.Manufacturer) == ("HONG^GILDONG", "Kidray")
        (series,) = state.ReferencedSeriesSequence
        assert series.ReferencedImageSequence[0].ReferencedSOPInstanceUID == radiograph.instance_uid
        texts = [
            t.UnformattedTextValue
            for a in state.GraphicAnnotationSequence
            for t in a.get("TextObjectSequence", [])
        ]
        assert any("not for clinical use" in text for text in texts)
        assert all("unverified" in text.lower() for text in texts)


def test_the_outlines_follow_the_masks(ledger, a_read_study) -> None:
    (ref,) = keep(ledger, a_read_study)[:1]
    state = through_bytes(ledger, ref)
    (radiograph,) = [
        r for r in a_read_study.radiographs if presentation_uid(a_read_study.study_uid, r) == ref.instance_uid
    ]
    seg = ledger.archive.read(
        InstanceReference(ref.study_uid, radiograph.seg_series_uid, radiograph.seg_instance_uid)
    )
    for number, mask in read_masks(seg).items():
        definition = next(d for d in FINDINGS.values() if d.segment_number == number)
        lines = drawn_lines(state, definition.label.upper(), mask.shape)
        filled = mask.astype(np.uint8)
        edge = filled - cv2.erode(filled, np.ones((3, 3), np.uint8))
        assert farthest(edge, lines) < 3
        assert farthest(lines, edge) < 3
    colors = {
        layer.GraphicLayer
        for layer in state.GraphicLayerSequence
        if "GraphicLayerRecommendedDisplayCIELabValue" in layer
    }
    assert FindingLabel.PNEUMOPERITONEUM.upper() in colors


def test_an_outline_of_one_pixel_or_of_very_many_can_be_written() -> None:
    mask = np.zeros((600, 600), bool)
    mask[10, 20] = True
    (dot,) = outlines(mask)
    assert dot.min(axis=0).tolist() == [20, 10]
    assert dot.max(axis=0).tolist() == [21, 11]
    rng = np.random.default_rng(1)
    ragged = cv2.dilate((rng.random((2000, 2000)) > 0.995).astype(np.uint8), np.ones((25, 25)))
    assert max(len(line) for line in outlines(ragged.astype(bool))) <= MOST_POINTS


def test_doing_it_again_makes_nothing_twice(ledger, a_read_study) -> None:
    assert keep(ledger, a_read_study)
    assert keep(ledger, a_read_study) == []


def test_a_radiograph_that_can_no_longer_be_read_is_named_without_its_patient(ledger, a_read_study) -> None:
    for radiograph in a_read_study.radiographs:
        ref = InstanceReference(a_read_study.study_uid, radiograph.series_uid, radiograph.instance_uid)
        ledger.archive.path(ref).unlink()
    with capture_logs() as lines:
        assert keep(ledger, a_read_study) == []
    assert {line["event"] for line in lines} == {"presentation_not_made"}
    assert "HONG" not in str(lines)


@pytest.mark.peer
def test_orthanc_takes_it(ledger, a_read_study, tmp_path) -> None:
    (ref,) = keep(ledger, a_read_study)[:1]
    with Orthanc(tmp_path / "orthanc") as orthanc:
        orthanc.take(ledger.archive.path(ref))
        assert orthanc.instance(ref.instance_uid) is not None
