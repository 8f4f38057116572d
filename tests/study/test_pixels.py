import struct
import subprocess
import warnings

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import (
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from study.codestream import declared_size
from study.decoding import stored_values
from study.errors import PixelDataError
from study.geometry import measuring_spacing, side_at_left_edge, spacing_mm, view_of
from study.model import View
from study.pixels import (
    attenuation_values,
    display_values,
    modality_values,
    wire_pixels,
)
from tests.study.radiographs import radiograph

RNG = np.random.default_rng(7)
UNSIGNED = RNG.integers(0, 4096, (40, 50), dtype=np.uint16)
SIGNED = RNG.integers(-2048, 2048, (40, 50), dtype=np.int16)


def _lut_item(first: int, bits: int, data: list[int]) -> Sequence:
    item = Dataset()
    item.LUTDescriptor = [len(data), first, bits]
    item["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    item.add_new("LUTData", "US", data)
    item.ModalityLUTType = "US"
    return Sequence([item])


HEADERS = {
    "a window": {"WindowCenter": 1500, "WindowWidth": 2100},
    "the first of two windows": {"WindowCenter": [1500, 300], "WindowWidth": [2100, 40]},
    "a narrow window": {"WindowCenter": 1500, "WindowWidth": 1},
    "a linear exact window": {"WindowCenter": 900.5, "WindowWidth": 0.5, "VOILUTFunction": "LINEAR_EXACT"},
    "a sigmoid window": {"WindowCenter": 2000, "WindowWidth": 700, "VOILUTFunction": "SIGMOID"},
    "a rescale and a window": {
        "RescaleSlope": 0.5,
        "RescaleIntercept": -1000,
        "WindowCenter": 20,
        "WindowWidth": 500,
    },
    "a negative slope": {
        "RescaleSlope": -1,
        "RescaleIntercept": 4095,
        "WindowCenter": 2500,
        "WindowWidth": 1500,
    },
    "a VOI LUT": {"VOILUTSequence": _lut_item(100, 10, [round(1023 * (i / 2999) ** 2) for i in range(3000)])},
    "a modality LUT and a window": {
        "ModalityLUTSequence": _lut_item(0, 16, [65535 - 15 * i for i in range(4096)]),
        "WindowCenter": 40000,
        "WindowWidth": 20000,
    },
}


def _as_shown_by_pydicom(dataset: Dataset) -> np.ndarray:
    shown = apply_voi_lut(apply_modality_lut(UNSIGNED, dataset), dataset).astype(np.float64)
    if "VOILUTSequence" in dataset:
        return shown / 1023
    low, high = (0, 65535) if "ModalityLUTSequence" in dataset else (0, 4095)
    if "RescaleSlope" in dataset:
        low, high = (v * dataset.RescaleSlope + dataset.RescaleIntercept for v in (low, high))
    return (shown - float(low)) / (float(high) - float(low))


# pydicom 3.0 turns the image over where the slope is negative, so that header is tested by hand.
@pytest.mark.parametrize("name", sorted(HEADERS.keys() - {"a negative slope"}))
def test_display_values_agree_with_pydicom(name):
    dataset = radiograph(UNSIGNED, **HEADERS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = _as_shown_by_pydicom(dataset)
    np.testing.assert_allclose(display_values(dataset), expected, atol=2e-3)


def test_a_negative_slope_makes_large_stored_values_dark():
    dataset = radiograph(UNSIGNED, **HEADERS["a negative slope"])
    expected = np.clip(((4095 - UNSIGNED.astype(float)) - 2499.5) / 1499 + 0.5, 0, 1)
    np.testing.assert_allclose(display_values(dataset), expected, atol=1e-6)


@pytest.mark.parametrize("name", HEADERS)
def test_modality_values_agree_with_pydicom(name):
    dataset = radiograph(UNSIGNED, **HEADERS[name])
    np.testing.assert_allclose(modality_values(dataset), apply_modality_lut(UNSIGNED, dataset), rtol=1e-6)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_viewer_can_rebuild_the_display_values_from_the_wire(name, photometric):
    dataset = radiograph(UNSIGNED, PhotometricInterpretation=photometric, **HEADERS[name])
    wire, how = wire_pixels(dataset)
    assert wire.dtype == np.uint16
    x = wire * how.slope + how.offset
    if how.voi_function == "SIGMOID":
        shown = 1 / (1 + np.exp(-4 * (x - how.window_center) / how.window_width))
    elif how.voi_function == "LINEAR_EXACT":
        shown = np.clip((x - how.window_center) / how.window_width + 0.5, 0, 1)
    elif how.window_width == 1:
        shown = (x > how.window_center - 0.5).astype(float)
    else:
        shown = np.clip((x - (how.window_center - 0.5)) / (how.window_width - 1) + 0.5, 0, 1)
    shown = 1 - shown if how.inverted else shown
    np.testing.assert_allclose(shown, display_values(dataset), atol=2e-3)


def test_signed_values_keep_their_sign_in_twelve_bits():
    stored = (SIGNED.astype(np.int32) & 0x0FFF).astype(np.uint16).view(np.int16)  # high bits unset
    dataset = radiograph(stored, bits=12, WindowCenter=0, WindowWidth=4096)
    np.testing.assert_array_equal(stored_values(dataset), SIGNED)
    np.testing.assert_allclose(display_values(dataset), (SIGNED + 2048) / 4095, atol=1e-6)


def test_bits_above_the_stored_ones_are_ignored():
    overlay = UNSIGNED | np.uint16(0xF000)
    np.testing.assert_array_equal(stored_values(radiograph(overlay)), UNSIGNED)


def test_big_endian_and_left_aligned_pixels_are_read():
    dataset = radiograph(UNSIGNED, HighBit=15)
    dataset.PixelData = (UNSIGNED << 4).astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    np.testing.assert_array_equal(stored_values(dataset), UNSIGNED)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=lambda u: u.name)
def test_compressed_pixels_are_the_pixels(syntax):
    dataset = radiograph(UNSIGNED)
    dataset.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(stored_values(dataset), UNSIGNED)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("encoder", "option", "bits"),
    [
        ("dcmcjpeg", "+e1", 12),
        ("dcmcjpeg", "+el", 12),
        ("dcmcjpeg", "+ee", 12),
        ("dcmcjpeg", "+eb", 8),
        ("dcmcjpls", "+en", 12),
    ],
)
def test_what_dcmtk_compressed_is_decoded_as_dcmtk_decodes_it(encoder, option, bits, tmp_path):
    values = UNSIGNED if bits == 12 else (UNSIGNED >> 4).astype(np.uint8)
    files = [tmp_path / name for name in ("plain.dcm", "compressed.dcm", "decoded.dcm")]
    radiograph(values, bits=bits).save_as(files[0], enforce_file_format=True)
    decoder = {"dcmcjpeg": "dcmdjpeg", "dcmcjpls": "dcmdjpls"}[encoder]
    subprocess.run([encoder, option, *files[:2]], check=True)
    subprocess.run([decoder, *files[1:]], check=True)
    compressed, decoded = (dcmread(file) for file in files[1:])
    assert declared_size(get_frame(compressed.PixelData, 0, number_of_frames=1)) == values.shape
    np.testing.assert_array_equal(stored_values(compressed), stored_values(decoded))


def test_without_window_the_image_fills_the_range():
    shown = display_values(radiograph(UNSIGNED[:, :-1].clip(500, 3000)))
    assert shown.min() == 0.0
    assert shown.max() == 1.0


def test_monochrome1_is_inverted_once():
    window = {"WindowCenter": 2048, "WindowWidth": 4096}
    plain = display_values(radiograph(UNSIGNED, **window))
    inverse = radiograph(
        UNSIGNED, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE", **window
    )
    np.testing.assert_allclose(display_values(inverse), 1 - plain, atol=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_in_either_polarity(photometric):
    values = UNSIGNED.clip(10, 4000)
    values[:, :5] = 4095
    dataset = radiograph(
        values,
        PhotometricInterpretation=photometric,
        PixelPaddingValue=4090,
        PixelPaddingRangeLimit=4095,
    )
    wire, how = wire_pixels(dataset)
    assert (display_values(dataset)[:, :5] == 0).all()
    assert how.maximum == values[:, 5:].max()
    assert (
        wire[:, :5] == (values[:, 5:].max() if photometric == "MONOCHROME1" else values.min()) - how.offset
    ).all()
    assert (attenuation_values(dataset)[:, :5] == values.min()).all()


def test_attenuation_does_not_depend_on_polarity_or_window():
    plain = radiograph(UNSIGNED, WindowCenter=100, WindowWidth=50)
    turned = (UNSIGNED.max() + UNSIGNED.min()) - UNSIGNED
    negative = radiograph(turned, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(attenuation_values(plain), UNSIGNED)
    np.testing.assert_array_equal(attenuation_values(negative), UNSIGNED)


def test_presets_carry_their_explanations():
    dataset = radiograph(
        UNSIGNED,
        WindowCenter=[1500, 300],
        WindowWidth=[2100, 40],
        WindowCenterWidthExplanation=["SOFT TISSUE", "BONE"],
    )
    _, how = wire_pixels(dataset)
    assert [(p.name, p.center, p.width) for p in how.presets] == [
        ("SOFT TISSUE", 1500, 2100),
        ("BONE", 300, 40),
    ]


def _short(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:-100]


def _no_pixels(dataset: Dataset) -> None:
    del dataset.PixelData


def _colour(dataset: Dataset) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"


def _frames(dataset: Dataset) -> None:
    dataset.NumberOfFrames = 2


def _huge(dataset: Dataset) -> None:
    dataset.Rows = dataset.Columns = 65535


def _deep(dataset: Dataset) -> None:
    dataset.BitsAllocated, dataset.BitsStored = 32, 32


def _damaged(dataset: Dataset) -> None:
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    dataset.PixelData = dataset.PixelData[:40] + bytes(200)


def _another_size(dataset: Dataset) -> None:
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.Rows -= 3


def _a_bomb(dataset: Dataset) -> None:
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    frame = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
    struct.pack_into(">2I", frame, 8, 60_000, 60_000)
    dataset.PixelData = encapsulate([bytes(frame)])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_short, "the pixel data is short: 40 x 50"),
        (_no_pixels, "PixelData absent"),
        (_colour, "in colour"),
        (_frames, "2 frames"),
        (_huge, "claims 65535 x 65535"),
        (_deep, "32 bits"),
        (_damaged, "cannot be decoded"),
        (_another_size, r"is \(40, 50\) where the header says 37 x 50"),
        (_a_bomb, r"is \(60000, 60000\) where the header says 40 x 50"),
    ],
)
def test_an_unreadable_image_is_refused_in_words(damage, said):
    dataset = radiograph(UNSIGNED)
    damage(dataset)
    with pytest.raises(PixelDataError, match=said):
        stored_values(dataset)


def _malformed(keyword: str, value: bytes) -> Dataset:
    """Return a radiograph whose `keyword` was read from the bytes `value`."""
    dataset = radiograph(UNSIGNED)
    tag = tag_for_keyword(keyword)
    dataset[tag] = RawDataElement(BaseTag(tag), "DS", len(value), value, 0, False, True)
    return dataset


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_malformed_rescale_is_an_error_and_a_malformed_window_is_ignored():
    with pytest.raises(PixelDataError, match="RescaleSlope is not a number"):
        attenuation_values(_malformed("RescaleSlope", b"1,5 "))
    dataset = _malformed("WindowCenter", b"abc ")
    dataset.WindowWidth = 100
    assert display_values(dataset).max() == 1.0


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "detector")),
        (
            {"ImagerPixelSpacing": [0.2, 0.1], "EstimatedRadiographicMagnificationFactor": "1.25"},
            (0.16, 0.08, "patient"),
        ),
        (
            {
                "ImagerPixelSpacing": [0.2, 0.2],
                "PixelSpacing": [0.15, 0.15],
                "PixelSpacingCalibrationType": "FIDUCIAL",
            },
            (0.15, 0.15, "patient"),
        ),
        ({"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.15, 0.15]}, (0.2, 0.2, "detector")),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": "0.1"},
            (0.2, 0.2, "detector"),
        ),
        (
            {"PixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": "1.25"},
            (0.15, 0.15, "detector"),
        ),
        ({}, None),
    ],
)
def test_what_is_measured_with_is_the_patients_plane_where_the_header_tells_it(attributes, expected):
    spacing = measuring_spacing(radiograph(UNSIGNED, **attributes))
    if expected is None:
        assert spacing is None
        return
    assert spacing is not None
    assert (spacing.row, spacing.column) == pytest.approx(expected[:2])
    assert spacing.plane == expected[2]


def test_geometry_is_read_from_the_header():
    dataset = radiograph(UNSIGNED, ImagerPixelSpacing=[0.143, 0.15], PatientOrientation=["L", "F"])
    assert spacing_mm(dataset) == (0.143, 0.15)
    assert side_at_left_edge(dataset) == "R"
    dataset.PatientOrientation = ["R", "F"]
    assert side_at_left_edge(dataset) == "L"
    del dataset.ImagerPixelSpacing
    dataset.PixelSpacing = [0, 0]
    assert spacing_mm(dataset) is None


@pytest.mark.parametrize(
    ("attributes", "view"),
    [
        ({"SeriesDescription": "Abdomen AP erect"}, View.ERECT),
        ({"SeriesDescription": "복부 앙와위"}, View.SUPINE),
        ({"ViewPosition": "LLD"}, View.LEFT_LATERAL_DECUBITUS),
        ({"ViewPosition": "AP"}, View.UNKNOWN),
        ({"ProtocolName": "ABDOMEN SUPINE & ERECT", "SeriesDescription": "Abdomen supine"}, View.SUPINE),
        ({"SeriesDescription": "ABDOMEN SUPINE & ERECT", "ProtocolName": "Abd_Erect"}, View.ERECT),
        ({"SeriesDescription": "Abdomen erect", "ProtocolName": "Abdomen supine"}, View.ERECT),
        ({"ViewPosition": "LLD", "SeriesDescription": "Abdomen erect"}, View.LEFT_LATERAL_DECUBITUS),
        ({"SeriesDescription": "Abd Lt. lat. decub."}, View.LEFT_LATERAL_DECUBITUS),
        ({"SeriesDescription": "복부 좌측 측와위"}, View.LEFT_LATERAL_DECUBITUS),
        ({"ProtocolName": "ABDOMEN SUPINE & ERECT"}, View.UNKNOWN),
        ({"SeriesDescription": "Abdomen SUPINE, not erect"}, View.UNKNOWN),
        ({"SeriesDescription": "non-erect", "ProtocolName": "Abdomen erect"}, View.UNKNOWN),
        ({"SeriesDescription": "Abdomen semi-erect"}, View.UNKNOWN),
        ({"SeriesDescription": "Abdomen semierect"}, View.UNKNOWN),
        ({"SeriesDescription": "복부 입위 불가"}, View.UNKNOWN),
        ({"ProtocolName": "Chest LLDPE"}, View.UNKNOWN),
        ({"SeriesDescription": "Abdomen standard"}, View.UNKNOWN),
        ({"SeriesDescription": "Abdomen right lateral decubitus"}, View.UNKNOWN),
        ({"SeriesDescription": "Abdomen RLD", "ProtocolName": "Abdomen erect"}, View.UNKNOWN),
    ],
)
def test_the_view_is_recognised(attributes, view):
    dataset = radiograph(UNSIGNED, SpecificCharacterSet="ISO_IR 192", **attributes)
    assert view_of(dataset) is view


def test_a_coded_position_comes_before_words():
    code, modifier = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "102538003", "SCT", "recumbent"
    modifier.CodeValue, modifier.CodingSchemeDesignator, modifier.CodeMeaning = "40199007", "SCT", "supine"
    code.PatientOrientationModifierCodeSequence = [modifier]
    dataset = radiograph(UNSIGNED, SeriesDescription="erect", PatientOrientationCodeSequence=[code])
    assert view_of(dataset) is View.SUPINE


def test_a_data_set_without_a_transfer_syntax_is_read_as_little_endian():
    dataset = radiograph(UNSIGNED)
    dataset.file_meta = FileMetaDataset()
    np.testing.assert_array_equal(stored_values(dataset), UNSIGNED)
