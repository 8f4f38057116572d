"""Sound data sets of many kinds, as they go over the wire, for damage to begin with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
import pydicom.data
from pydicom import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom.dsutils import split_dataset

from study.identifiers import derived_uid
from tests.study.instances import encoded
from tests.study.radiographs import radiograph

_LARGEST = 60_000


class Sound(NamedTuple):
    """An encoded data set and what a request for it says."""

    name: str
    body: bytes
    syntax: UID
    sop_class_uid: str
    instance_uid: str


def radiographs(number: int = 0) -> Iterator[Sound]:
    """Yield a radiograph of an abdomen in six transfer syntaxes, each a study of its own."""
    whole = _radiograph()
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
        dataset = deepcopy(whole)
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
        yield _sound(dataset, syntax, number)
    for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        dataset = deepcopy(whole)
        dataset.compress(syntax, generate_instance_uid=False)
        yield _sound(dataset, syntax, number)


def others() -> Iterator[Sound]:
    """Yield pydicom's own small test files, of every kind that a study may hold."""
    for path in sorted((Path(pydicom.data.__file__).parent / "test_files").rglob("*.dcm")):
        if path.stat().st_size > _LARGEST:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = pydicom.dcmread(path, stop_before_pixels=True)
                _, offset = split_dataset(path)
                named = str(dataset.SOPClassUID), str(dataset.SOPInstanceUID)
                syntax = dataset.file_meta.TransferSyntaxUID
        except (pydicom.errors.InvalidDicomError, AttributeError, EOFError, ValueError):
            continue
        if not syntax.is_deflated:
            yield Sound(path.stem, path.read_bytes()[offset:], syntax, *named)


def _radiograph() -> Dataset:
    ramp = np.add.outer(np.arange(160), np.arange(144)).astype(np.uint16) * 12
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "818981001", "SCT", "Abdomen"
    view = deepcopy(code)
    view.ViewModifierCodeSequence = [deepcopy(code), deepcopy(code)]
    return radiograph(
        ramp,
        SpecificCharacterSet="ISO_IR 192",
        BodyPartExamined="ABDOMEN",
        StudyDate="20260301",
        PatientAge="003Y",
        PatientOrientation=["L", "F"],
        ImagerPixelSpacing=[0.2, 0.2],
        WindowCenter="1500",
        WindowWidth="3000",
        AnatomicRegionSequence=[code],
        ViewCodeSequence=[view],
    )


def _sound(dataset: Dataset, syntax: UID, number: int) -> Sound:
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, derived_uid("fuzz", keyword, syntax, str(number)))
    body = encoded(dataset, syntax)
    return Sound(syntax.name, body, syntax, str(dataset.SOPClassUID), str(dataset.SOPInstanceUID))
