"""Small, valid instances for tests that need bytes rather than pictures."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)


def a_radiograph(
    study_uid: str | None = None, *, rows: int = 16, columns: int = 16, **elements: object
) -> Dataset:
    """Return a DX of uniform pixels; `elements` replace or add attributes."""
    dataset = Dataset()
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = study_uid or generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.PatientName = "DOE^JANE"
    dataset.PatientID = "PID-4711"
    dataset.PatientAge = "003M"
    dataset.StudyDate = "20260101"
    dataset.StudyTime = "120000"
    dataset.AccessionNumber = "ACC1"
    dataset.Modality = "DX"
    dataset.BodyPartExamined = "ABDOMEN"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.full((rows, columns), 1000, np.uint16).tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset["PixelData"].VR = "OW"
    return dataset


def encoded(dataset: Dataset, syntax: pydicom.uid.UID = ExplicitVRLittleEndian) -> bytes:
    """Return the data set as it goes over the wire."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = syntax.is_little_endian
    buffer.is_implicit_VR = syntax.is_implicit_VR
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def read_back(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))
