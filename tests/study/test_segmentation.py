import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sr.coding import Code

from study.errors import PixelDataError
from study.findings import FINDINGS, FindingDefinition, FindingLabel
from study.segmentation import bitmask, read_masks
from tests.study.radiographs import radiograph

RNG = np.random.default_rng(3)
MASK = RNG.random((33, 47)) > 0.5  # an odd number of pixels: frames do not start on bytes
OTHER = RNG.random((33, 47)) > 0.8
STOMACH = FINDINGS[FindingLabel.PYLORIC_STENOSIS]
FREE_GAS = FINDINGS[FindingLabel.PNEUMOPERITONEUM]
LEVELS = FINDINGS[FindingLabel.AIR_FLUID_LEVELS]


def _description(
    number: int, definition: FindingDefinition, *, code: Code | None = None, label: str = "drawn"
):
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=Code("49755003", "SCT", "Morphologically Altered Structure"),
        segmented_property_type=code
        or Code(
            definition.property_type.value, definition.property_type.scheme, definition.property_type.meaning
        ),
        algorithm_type="MANUAL",
    )


def _source() -> Dataset:
    dataset = radiograph(
        np.zeros((33, 47), np.uint16), ImagerPixelSpacing=[0.1, 0.1], PatientOrientation=["L", "F"]
    )
    for keyword in ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "StudyDate", "StudyTime"):
        setattr(dataset, keyword, "")
    return dataset


def _seg(masks: list[np.ndarray], descriptions: list, kind: str = "BINARY") -> Dataset:
    pixels = np.stack(masks, axis=-1)[np.newaxis]
    if kind == "LABELMAP":
        pixels = sum((m.astype(np.uint8) * (i + 1) for i, m in enumerate(masks)))[np.newaxis]
    return hd.seg.Segmentation(
        source_images=[_source()],
        pixel_array=pixels.astype(np.float32) if kind == "FRACTIONAL" else pixels.astype(np.uint8),
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="A person",
        manufacturer_model_name="x",
        software_versions="1",
        device_serial_number="1",
    )


def test_overlapping_masks_come_back_under_the_numbers_of_the_findings_table():
    seg = _seg([MASK, OTHER], [_description(1, FREE_GAS), _description(2, LEVELS)])
    masks = read_masks(seg)
    assert list(masks) == [2, 3]
    np.testing.assert_array_equal(masks[2], MASK)
    np.testing.assert_array_equal(masks[3], OTHER)


def test_a_persons_segment_is_known_by_its_label_when_its_code_is_general():
    tissue = Code("85756007", "SCT", "Tissue")
    seg = _seg([MASK], [_description(1, STOMACH, code=tissue, label="distended STOMACH")])
    np.testing.assert_array_equal(read_masks(seg)[STOMACH.segment_number], MASK)


def test_a_segment_of_something_else_is_left_out():
    seg = _seg([MASK], [_description(1, STOMACH, code=Code("10200004", "SCT", "Liver"), label="Liver")])
    assert read_masks(seg) == {}


@pytest.mark.parametrize("kind", ["FRACTIONAL", "LABELMAP"])
def test_other_kinds_of_segmentation_are_read(kind):
    apart = OTHER & ~MASK
    masks = read_masks(_seg([MASK, apart], [_description(1, STOMACH), _description(2, LEVELS)], kind))
    np.testing.assert_array_equal(masks[1], MASK)
    np.testing.assert_array_equal(masks[3], apart)


def test_a_short_seg_is_refused():
    seg = _seg([MASK], [_description(1, STOMACH)])
    seg.PixelData = seg.PixelData[:20]
    with pytest.raises(PixelDataError, match="short"):
        read_masks(seg)


def test_bits_follow_the_segment_numbers():
    packed = bitmask({1: MASK, 4: OTHER})
    np.testing.assert_array_equal(packed, MASK * 1 + OTHER * 8)
    assert bitmask({}, (2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]
