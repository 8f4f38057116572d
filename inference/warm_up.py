"""Do everything once on an empty image, so that the first study does not wait for libraries to load."""

from __future__ import annotations

import time

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from inference.measure import measure
from inference.predict import Predictor
from inference.results import result_uids
from inference.seg import SegForm, write_seg
from inference.sr import write_sr
from study import telemetry
from study.findings import FINDINGS
from study.model import Presence

_SIDE = 256


def warm_up(predictor: Predictor, form: SegForm = SegForm.BINARY) -> float:
    """Run network, measurements, SEG and SR once; returns the milliseconds that it took."""
    began = time.perf_counter()
    header, model, made_at = _header(), predictor.package.identity, telemetry.now()
    measured = measure(predictor.predict(np.zeros((_SIDE, _SIDE), np.float32)), header, predictor.package)
    labels = np.zeros((_SIDE, _SIDE), np.uint8)
    labels[:8, :8] = FINDINGS[measured.findings[0].label].segment_number
    drawn = measured.findings[0].model_copy(update={"presence": Presence.PRESENT, "area_px": 64})
    findings = [drawn, *(f.model_copy(update={"area_px": 0}) for f in measured.findings[1:])]
    seg_uids, sr_uids = result_uids(header.StudyInstanceUID, header.SOPInstanceUID, model)
    seg, findings = write_seg(labels, findings, header, model, seg_uids, made_at, form=form)
    write_sr(findings, header, seg, model, sr_uids, made_at)
    return (time.perf_counter() - began) * 1000


def _header() -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID, header.Modality = DigitalXRayImageStorageForPresentation, "DX"
    header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID = "2.25.1", "2.25.2", "2.25.3"
    header.Rows = header.Columns = _SIDE
    header.StudyDate = "20260101"  # the first date that is checked loads a module
    header.PatientOrientation, header.ImagerPixelSpacing = ["L", "F"], [0.2, 0.2]
    return header
