"""Write a radiograph with its findings burnt in as a Secondary Capture (PS3.3 A.8.1).

For destinations whose viewers cannot draw a SEG. Made from what the archive holds, once for each
reading of a radiograph: its UID follows from that of the measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import structlog
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from inference.capture import Rgb, draw_capture
from inference.equipment import (
    MANUFACTURER,
    complete_result,
    contributing_equipment,
    series_description,
    software_version,
)
from study.archive import Archive, InstanceReference
from study.errors import ConflictError, NotDicomError, NotInArchiveError, PixelDataError
from study.identifiers import derived_uid
from study.model import ModelIdentity, Radiograph, StudyRecord
from study.owed import capture_uid
from study.result_header import result_header
from study.segmentation import read_masks

log = structlog.get_logger()

SERIES_NUMBER = 9004
DisplayOf = Callable[[Path], NDArray[np.float32]]


def keep_captures(
    record: StudyRecord, *, archive: Archive, display_of: DisplayOf, made_at: datetime
) -> list[InstanceReference]:
    """Keep a capture of every radiograph of the study in the archive, and return those that are new.

    One that cannot be made is left out, with a line in the log: the other results go their way.

    Parameters
    ----------
    display_of
        Returns the `study.pixels.display_values` of a radiograph's file.
    """
    made = []
    for radiograph in record.radiographs:
        uid = capture_uid(record.study_uid, radiograph)
        if uid is None or record.model is None:
            continue
        ref = InstanceReference(record.study_uid, derived_uid(uid, "series"), uid)
        if archive.path(ref).exists():
            continue
        try:
            made.append(
                archive.write_dataset(_captured(record, radiograph, ref, archive, display_of, made_at))
            )
        except (PixelDataError, NotDicomError, NotInArchiveError, ConflictError) as error:
            log.warning("capture_not_made", instance_uid=radiograph.instance_uid, reason=str(error))
    return made


def write_capture(
    picture: Rgb, radiograph: Dataset, model: ModelIdentity, ref: InstanceReference, made_at: datetime
) -> Dataset:
    """Return `picture`, uint8 (H, W, 3), as a Secondary Capture of the radiograph's study.

    Parameters
    ----------
    radiograph
        The source's header; its pixel data is not needed.
    """
    header = result_header(radiograph)
    capture: Dataset = hd.sc.SCImage.from_ref_dataset(
        header,
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        series_instance_uid=ref.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=ref.instance_uid,
        instance_number=1,
        manufacturer=MANUFACTURER,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        manufacturer_model_name=model.name,
        software_versions=[software_version(), model.version],
        device_serial_number=model.sha256[:16],
        series_description=series_description("capture", model),
        contributing_equipment=[contributing_equipment(model, made_at)],
    )
    capture.PatientOrientation = header.get("PatientOrientation")  # never said where the source does not
    capture.Laterality = None  # of type 2C (C.7.3.1): the abdomen has none
    capture.ImageType = ["DERIVED", "SECONDARY"]
    capture.BurnedInAnnotation = "NO"  # findings only: nothing that identifies the patient (C.7.6.1)
    capture.DerivationDescription = "Findings of an algorithm burnt in, unverified"
    capture.SourceImageSequence = [_source(header)]
    complete_result(capture, header, made_at)
    return capture


def _captured(
    record: StudyRecord,
    radiograph: Radiograph,
    ref: InstanceReference,
    archive: Archive,
    display_of: DisplayOf,
    made_at: datetime,
) -> Dataset:
    source = InstanceReference(record.study_uid, radiograph.series_uid, radiograph.instance_uid)
    model: Any = record.model
    findings = [f for f in record.findings if f.radiograph_uid == radiograph.instance_uid]
    picture = draw_capture(
        display_of(archive.path(source)), _labels(radiograph, ref, archive), findings, model.disclaimer
    )
    return write_capture(picture, archive.read(source, pixels=False), model, ref, made_at)


def _labels(radiograph: Radiograph, ref: InstanceReference, archive: Archive) -> NDArray[np.uint8]:
    """Return uint8 (rows, columns): segment number of the findings table, 0 outside."""
    labels = np.zeros((radiograph.rows, radiograph.columns), np.uint8)
    if radiograph.seg_series_uid is not None and radiograph.seg_instance_uid is not None:
        seg = InstanceReference(ref.study_uid, radiograph.seg_series_uid, radiograph.seg_instance_uid)
        for number, mask in read_masks(archive.read(seg)).items():
            labels[mask] = number
    return labels


def _source(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
