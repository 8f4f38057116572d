import gzip
from copy import deepcopy

import highdicom as hd
import numpy as np
import pytest
from pydicom.uid import SegmentationStorage

from inference.seg import SegForm, SegUids, write_seg
from inference.sr import SrUids, write_sr
from study.findings import FINDINGS, FindingLabel
from study.model import Presence
from study.segmentation import read_masks
from study.sop_classes import LABELMAP_STORAGE
from study.tracking import tracking_uid
from tests.inference.conftest import FOUND
from tests.inference.truth import MADE_AT, PACKAGE
from tests.inference.validators import dciodvfy, saved, segimage2itkimage
from training.phantom import PhantomKind

UIDS = SegUids("2.25.1001", "2.25.1002")
MODEL = PACKAGE.identity


@pytest.fixture(scope="module")
def segs(measured, radiographs):
    written = {}
    for kind in FOUND:
        result = measured(kind)
        seg, findings = write_seg(result.labels, result.findings, radiographs[kind], MODEL, UIDS, MADE_AT)
        written[kind] = (seg, findings, result.labels)
    return written


@pytest.fixture(scope="module")
def two_segments(measured, radiographs):
    """A SEG of free gas and faecal loading on one radiograph."""
    gas, stool = measured(PhantomKind.PNEUMOPERITONEUM), measured(PhantomKind.CONSTIPATION)
    labels = np.where(gas.labels > 0, gas.labels, stool.labels)
    by_label = {f.label: f for f in stool.findings} | {f.label: f for f in gas.findings if f.area_px}
    findings = [by_label[label] for label in FINDINGS]
    seg, findings = write_seg(
        labels, findings, radiographs[PhantomKind.PNEUMOPERITONEUM], MODEL, UIDS, MADE_AT
    )
    return seg, findings, labels


@pytest.mark.peer
@pytest.mark.parametrize("kind", FOUND)
def test_dciodvfy_finds_no_error(kind, segs, tmp_path):
    assert dciodvfy(segs[kind][0], tmp_path) == []


@pytest.mark.peer
def test_dciodvfy_finds_no_error_in_several_segments(two_segments, tmp_path):
    assert dciodvfy(two_segments[0], tmp_path) == []


def test_highdicom_reads_the_same_masks_back(two_segments, tmp_path):
    seg, findings, labels = two_segments
    read = hd.seg.segread(saved(seg, tmp_path))
    drawn = [f for f in findings if f.area_px]
    source = (hd.UID(str(seg.SourceImageSequence[0].ReferencedSOPInstanceUID)),)
    pixels = read.get_pixels_by_source_instance(source)
    for finding in drawn:
        number = FINDINGS[finding.label].segment_number
        np.testing.assert_array_equal(pixels[0, ..., finding.segment.segment_number - 1], labels == number)


def test_dcmqi_reads_the_same_masks_back(two_segments, tmp_path):
    seg, findings, labels = two_segments
    images = segimage2itkimage(seg, tmp_path)
    drawn = [f for f in findings if f.area_px]
    assert len(images) == len(drawn)
    for image, finding in zip(images, drawn, strict=True):
        header, _, data = image.read_bytes().partition(b"\n\n")
        assert b"gzip" in header
        values = np.frombuffer(gzip.decompress(data), np.int16 if b"short" in header else np.uint8)
        np.testing.assert_array_equal(
            values.reshape(labels.shape) > 0, labels == FINDINGS[finding.label].segment_number
        )


def test_kidrays_own_reader_reads_the_same_masks_back(two_segments):
    seg, _, labels = two_segments
    masks = read_masks(seg)
    assert sorted(masks) == [2, 4]
    for number, mask in masks.items():
        np.testing.assert_array_equal(mask, labels == number)


@pytest.mark.parametrize("kind", FOUND)
def test_the_geometry_that_ohif_asks_for_is_there(kind, segs, radiographs):
    seg = segs[kind][0]
    shared = seg.SharedFunctionalGroupsSequence[0]
    assert list(shared.PlaneOrientationSequence[0].ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
    measures = shared.PixelMeasuresSequence[0]
    assert (measures.SliceThickness, measures.SpacingBetweenSlices) == (1, 1)
    assert [float(v) for v in measures.PixelSpacing] == pytest.approx(
        [float(v) for v in radiographs[kind].ImagerPixelSpacing], rel=1e-4
    )
    for frame in seg.PerFrameFunctionalGroupsSequence:
        assert list(frame.PlanePositionSequence[0].ImagePositionPatient) == [0, 0, 0]
    assert list(seg.PatientOrientation) == list(radiographs[kind].PatientOrientation)
    referenced = seg.ReferencedSeriesSequence[0]
    assert referenced.SeriesInstanceUID == radiographs[kind].SeriesInstanceUID
    assert (
        referenced.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == radiographs[kind].SOPInstanceUID
    )


def test_each_segment_says_what_it_is_and_what_drew_it(two_segments):
    seg, _, _ = two_segments
    labels = [FindingLabel.PNEUMOPERITONEUM, FindingLabel.CONSTIPATION]
    assert [s.SegmentNumber for s in seg.SegmentSequence] == [1, 2]
    for segment, label in zip(seg.SegmentSequence, labels, strict=True):
        definition = FINDINGS[label]
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == definition.property_type.meaning
        assert segment.SegmentAlgorithmType == "AUTOMATIC"
        algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (MODEL.name, MODEL.version)
        color = hd.color.CIELabColor(0, 0, 0).from_dicom_value(list(segment.RecommendedDisplayCIELabValue))
        assert np.abs(np.subtract(color.to_rgb(), definition.color)).max() <= 1
    assert seg.SegmentationType == "BINARY"
    assert seg.SeriesDescription == "Kidray segmentation - synthetic phantoms, not for clinical use"


def test_the_device_uid_changes_with_the_weights(measured, radiographs):
    kind = PhantomKind.CONSTIPATION
    result, uids = measured(kind), set()
    for sha256 in ("aa" * 32, "bb" * 32):
        model = MODEL.model_copy(update={"sha256": sha256})
        seg, _ = write_seg(result.labels, result.findings, radiographs[kind], model, UIDS, MADE_AT)
        uids |= {item.DeviceUID for item in seg.ContributingEquipmentSequence if "DeviceUID" in item}
    assert len(uids) == 2


def test_findings_refer_to_their_segments(two_segments):
    _, findings, _ = two_segments
    assert [f.segment and f.segment.segment_number for f in findings] == [None, 1, None, 2]
    assert {f.segment.instance_uid for f in findings if f.segment} == {UIDS.instance_uid}


def test_without_a_finding_there_is_no_seg(measured, radiographs):
    result = measured(PhantomKind.NORMAL)
    seg, findings = write_seg(
        result.labels, result.findings, radiographs[PhantomKind.NORMAL], MODEL, UIDS, MADE_AT
    )
    assert seg is None
    assert all(f.presence is Presence.ABSENT and f.segment is None for f in findings)


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 192", "Hong^Gildong=洪^吉洞=홍^길동"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("ISO_IR 100", "Müller^Zoë"),
    ],
)
def test_the_patients_name_survives_whatever_its_characters(
    character_set, name, measured, radiographs, tmp_path
):
    source = deepcopy(radiographs[PhantomKind.CONSTIPATION])
    source.SpecificCharacterSet, source.PatientName = character_set, name
    source = hd.imread(saved(source, tmp_path))  # through bytes, as the archive reads it
    result = measured(PhantomKind.CONSTIPATION)
    seg, _ = write_seg(result.labels, result.findings, source, MODEL, UIDS, MADE_AT)
    read = hd.seg.segread(saved(seg, tmp_path))
    assert str(read.PatientName) == name
    assert read.PatientID == source.PatientID
    assert read.StudyInstanceUID == source.StudyInstanceUID


@pytest.fixture(scope="module")
def label_map(two_segments, radiographs):
    """The same two findings as a label map, and their measurement report."""
    _, findings, labels = two_segments
    source = radiographs[PhantomKind.PNEUMOPERITONEUM]
    seg, findings = write_seg(labels, findings, source, MODEL, UIDS, MADE_AT, form=SegForm.LABELMAP)
    sr = write_sr(findings, source, seg, MODEL, SrUids("2.25.1003", "2.25.1004"), MADE_AT)
    return seg, sr, labels


def test_a_label_map_holds_all_segments_in_one_frame(label_map, tmp_path):
    seg, _, labels = label_map
    assert (seg.SOPClassUID, seg.SegmentationType, seg.NumberOfFrames) == (LABELMAP_STORAGE, "LABELMAP", 1)
    for read in (read_masks(seg), read_masks(hd.seg.segread(saved(seg, tmp_path)))):
        assert sorted(read) == [2, 4]
        for number, mask in read.items():
            np.testing.assert_array_equal(mask, labels == number)


def test_the_measurements_refer_to_the_label_map_as_what_it_is(label_map):
    _, sr, _ = label_map
    classes: set[str] = set()
    sr.walk(lambda _, e: classes.add(str(e.value)) if e.keyword == "ReferencedSOPClassUID" else None)
    assert str(LABELMAP_STORAGE) in classes
    assert SegmentationStorage not in classes


def test_a_label_map_has_the_geometry_that_readers_ask_for(label_map):
    seg, _, _ = label_map
    assert list(seg.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient) == [
        0,
        0,
        0,
    ]
    assert seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SliceThickness == 1


def test_each_frame_says_what_it_was_derived_from(two_segments, label_map, radiographs):
    source = radiographs[PhantomKind.PNEUMOPERITONEUM]
    for seg in (two_segments[0], label_map[0]):
        for frame in seg.PerFrameFunctionalGroupsSequence:
            (derivation,) = frame.DerivationImageSequence
            assert derivation.DerivationCodeSequence[0].CodeValue == "113076"  # Segmentation
            (image,) = derivation.SourceImageSequence
            assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
            purpose = image.PurposeOfReferenceCodeSequence[0]
            assert purpose.CodeValue == "121322"  # Source image for image processing operation


def test_a_finding_keeps_its_tracking_uid_in_another_revision_and_by_another_model(measured, radiographs):
    kind = PhantomKind.CONSTIPATION
    result, seen = measured(kind), set()
    for sha256, uids in (("aa" * 32, UIDS), ("bb" * 32, SegUids("2.25.7", "2.25.8"))):
        model = MODEL.model_copy(update={"sha256": sha256})
        seg, _ = write_seg(result.labels, result.findings, radiographs[kind], model, uids, MADE_AT)
        seen.add(tuple(segment.TrackingUID for segment in seg.SegmentSequence))
    assert len(seen) == 1


def test_findings_of_two_radiographs_have_tracking_uids_of_their_own(measured, radiographs):
    kind = PhantomKind.CONSTIPATION
    (finding,) = (f for f in measured(kind).findings if f.area_px)
    other = finding.model_copy(update={"id": f"{finding.label}@2.25.99"})
    assert tracking_uid(finding) != tracking_uid(other)
