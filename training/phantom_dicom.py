"""A phantom as a DICOM DX image for presentation (PS3.3 A.26), one study of its own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from study.identifiers import derived_uid
from study.model import View
from training.phantom import Phantom, PhantomKind

_FIRST_DAY = datetime(2026, 1, 5, 8, 0, tzinfo=timezone.utc)
_EXPOSED_BODY = {"ABDOMEN": ("818981001", "Abdomen"), "CHEST": ("51185008", "Chest")}  # SCT, CID 4


def phantom_uid(phantom: Phantom, level: str) -> str:
    """Return the UID of a phantom's `study`, `series`, `image` or `truth`; always the same."""
    rows, columns = phantom.pixels.shape
    seed_parts = (
        "phantom",
        phantom.kind.value,
        str(phantom.seed),
        phantom.view.value,
        str(phantom.age_months),
    )
    return derived_uid(*seed_parts, f"{rows}x{columns}", level)


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
    dataset.SoftwareVersions = "phantom 1"
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
    erect = phantom.view is View.ERECT
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.BodyPartExamined = body_part
    dataset.SeriesDescription = f"{body_part.capitalize()} AP {phantom.view.value}"
    dataset.ProtocolName = dataset.SeriesDescription
    dataset.AnatomicRegionSequence = [_code(_EXPOSED_BODY[body_part][0], "SCT", _EXPOSED_BODY[body_part][1])]
    dataset.ViewPosition = "AP"
    dataset.PatientOrientation = ["L", "F"]
    dataset.ImageLaterality = "U"
    position = ("10904000", "erect") if erect else ("102538003", "recumbent")
    orientation = _code(position[0], "SCT", position[1])
    if not erect:
        orientation.PatientOrientationModifierCodeSequence = [_code("40199007", "SCT", "supine")]
    dataset.PatientOrientationCodeSequence = [orientation]
    dataset.ViewCodeSequence = [_code("399348003", "SCT", "antero-posterior")]
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
    dataset.Grid = "NONE"
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
    dataset.BurnedInAnnotation = "NO"
    dataset.WindowCenter, dataset.WindowWidth = phantom.window
    dataset.PixelData = np.ascontiguousarray(phantom.pixels, dtype="<u2").tobytes()


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
