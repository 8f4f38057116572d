"""A phantom as a DICOM DX image for presentation (PS3.3 A.26), one study of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from study.identifiers import derived_uid
from training.case import Appliance, Projection
from training.phantom import Phantom, PhantomKind

_FIRST_DAY = datetime(2026, 1, 5, 8, 0, tzinfo=timezone.utc)


class _Position(NamedTuple):
    """What the header says of one projection; codes are SCT, of CID 19, 20 and 4010."""

    words: str
    view_position: str
    patient_orientation: tuple[str, str]
    orientation: tuple[str, str]
    modifier: tuple[str, str] | None
    view_code: tuple[str, str]


_AP, _LATERAL = ("399348003", "antero-posterior"), ("399173006", "left lateral")
_ERECT, _RECUMBENT = ("10904000", "erect"), ("102538003", "recumbent")
_SUPINE, _LEFT_SIDE = ("40199007", "supine"), ("102536004", "left lateral decubitus")
_POSITIONS = {
    Projection.SUPINE: _Position("AP supine", "AP", ("L", "F"), _RECUMBENT, _SUPINE, _AP),
    Projection.ERECT: _Position("AP erect", "AP", ("L", "F"), _ERECT, None, _AP),
    Projection.LEFT_LATERAL_DECUBITUS: _Position(
        "AP left lateral decubitus", "LLD", ("L", "F"), _RECUMBENT, _LEFT_SIDE, _AP
    ),
    Projection.CROSS_TABLE_LATERAL: _Position(
        "cross-table lateral", "LL", ("P", "F"), _RECUMBENT, _SUPINE, _LATERAL
    ),
}
_EXPOSED_BODY = {"ABDOMEN": ("818981001", "Abdomen"), "CHEST": ("51185008", "Chest")}  # SCT, CID 4


def phantom_uid(phantom: Phantom, level: str) -> str:
    """Return the UID of a phantom's `study`, `series`, `image` or `truth`; always the same."""
    rows, columns = phantom.pixels.shape
    asked_for = (
        phantom.projection.value,
        ",".join(f"{label}={severity:.4f}" for label, severity in phantom.severities.items()),
        ",".join(sorted((*phantom.mimics, *phantom.appliances))),
        phantom.site.value,
        phantom.stranger,
    )
    drawn = (phantom.kind.value, str(phantom.seed), *asked_for, str(phantom.age_months))
    return derived_uid("phantom", *drawn, f"{rows}x{columns}", level)


def radiograph_dataset(phantom: Phantom, *, number: int) -> Dataset:
    """Return the phantom as a DX data set with file meta information, ready for ``save_as``.

    Parameters
    ----------
    number
        Its number in the set: becomes PHANTOM^0001, a fictitious patient ID and accession number.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(phantom_uid(phantom, "image"))
    _add_identity(dataset, phantom, number)
    _add_acquisition(dataset, phantom)
    _add_pixels(dataset, phantom)
    return dataset


def _add_identity(dataset: Dataset, phantom: Phantom, number: int) -> None:
    taken = _FIRST_DAY + timedelta(minutes=17 * number)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = phantom_uid(phantom, "image")
    dataset.StudyInstanceUID = phantom_uid(phantom, "study")
    dataset.SeriesInstanceUID = phantom_uid(phantom, "series")
    for keyword in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{keyword}Date", taken.strftime("%Y%m%d"))
        setattr(dataset, f"{keyword}Time", taken.strftime("%H%M%S"))
    dataset.PatientName = f"PHANTOM^{number:04d}"
    dataset.PatientID = f"PHANTOM-{number:04d}-{phantom.seed}"
    dataset.PatientBirthDate = (taken - timedelta(days=round(30.44 * phantom.age_months))).strftime("%Y%m%d")
    dataset.PatientSex = phantom.sex
    dataset.PatientAge = age_string(phantom.age_months)
    dataset.AccessionNumber = f"PH{number:06d}"
    dataset.StudyID = f"{number:04d}"
    dataset.StudyDescription = (
        "Chest radiograph" if phantom.kind is PhantomKind.CHEST else "Abdomen radiograph"
    )
    dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = "Kidray"
    dataset.ManufacturerModelName = "Phantom"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = "phantom 2"
    dataset.InstitutionName = "Synthetic phantoms"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1


def age_string(months: int) -> str:
    """Return an age as DICOM writes it (AS, PS3.5 section 6.2): days, months or years."""
    if months < 1:
        return "010D"
    return f"{months:03d}M" if months < 24 else f"{months // 12:03d}Y"


def _add_acquisition(dataset: Dataset, phantom: Phantom) -> None:
    body_part = "CHEST" if phantom.kind is PhantomKind.CHEST else "ABDOMEN"
    position = _POSITIONS[phantom.projection]
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.BodyPartExamined = body_part
    dataset.SeriesDescription = f"{body_part.capitalize()} {position.words}"
    dataset.ProtocolName = dataset.SeriesDescription
    dataset.AnatomicRegionSequence = [_code(_EXPOSED_BODY[body_part][0], "SCT", _EXPOSED_BODY[body_part][1])]
    dataset.ViewPosition = position.view_position
    dataset.PatientOrientation = list(position.patient_orientation)
    dataset.ImageLaterality = "U"
    orientation = _code(position.orientation[0], "SCT", position.orientation[1])
    if position.modifier:
        orientation.PatientOrientationModifierCodeSequence = [
            _code(position.modifier[0], "SCT", position.modifier[1])
        ]
    dataset.PatientOrientationCodeSequence = [orientation]
    dataset.ViewCodeSequence = [_code(position.view_code[0], "SCT", position.view_code[1])]
    dataset.AcquisitionContextSequence = Sequence()
    dataset.PositionerType = "COLUMN"
    dataset.DetectorType = "SCINTILLATOR"
    dataset.DetectorID = "PHANTOM"
    dataset.ImagerPixelSpacing = [f"{mm:.5f}" for mm in phantom.imager_pixel_spacing_mm]
    dataset.KVP = phantom.exposure.kvp
    dataset.ExposureTime = 10
    dataset.XRayTubeCurrent = 200
    dataset.Exposure = 2
    dataset.DistanceSourceToDetector = 1150
    dataset.Grid = "FIXED" if phantom.exposure.grid_lines or phantom.exposure.cutoff else "NONE"
    dataset.FieldOfViewShape = "RECTANGLE"


def _add_pixels(dataset: Dataset, phantom: Phantom) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = phantom.photometric
    dataset.PresentationLUTShape = "INVERSE" if phantom.photometric == "MONOCHROME1" else "IDENTITY"
    dataset.Rows, dataset.Columns = phantom.pixels.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = phantom.bits_stored
    dataset.HighBit = phantom.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if phantom.photometric == "MONOCHROME1" else -1
    dataset.RescaleIntercept = 0
    dataset.RescaleSlope = 1
    dataset.RescaleType = "US"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "YES" if Appliance.BURNT_IN_TEXT in phantom.appliances else "NO"
    if phantom.voi_table:
        dataset.VOILUTSequence = Sequence([_voi_table(phantom)])
    else:
        dataset.WindowCenter, dataset.WindowWidth = phantom.window
    dataset.PixelData = np.ascontiguousarray(phantom.pixels, dtype="<u2").tobytes()


def _voi_table(phantom: Phantom) -> Dataset:
    """Return the window with a toe and a shoulder, as film has, for VOI LUT Sequence (PS3.3 C.11.2.1.1)."""
    center, width = phantom.window
    stored = np.arange(2**phantom.bits_stored, dtype=np.float64)
    shown = 1 / (1 + np.exp(-4.4 * (stored - center) / width))
    table = np.round(shown * (2**16 - 1)).astype("<u2")
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(table) % 2**16, 0, 16])  # 0 stands for 2**16 entries
    item.LUTExplanation = "Film-like"
    item.add_new("LUTData", "OW", table.tobytes())
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
