"""Read one radiograph: from its pixels to findings, SEG and measurement SR. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from inference.equipment import software_version
from inference.hanging import Hanging
from inference.measure import measure
from inference.predict import Predictor
from inference.seg import SegForm, SegUids, write_seg
from inference.sr import SrUids, write_sr
from study.geometry import spacing_mm, view_of
from study.identifiers import derived_uid
from study.model import Finding, ModelIdentity, Radiograph


@dataclass(frozen=True)
class RadiographResult:
    """All that came of one radiograph.

    Attributes
    ----------
    labels
        uint8 (rows, columns): segment number of the findings table, 0 outside.
    findings
        All four, in segment order.
    seg
        None where nothing was segmented.
    """

    radiograph: Radiograph
    findings: list[Finding]
    labels: NDArray[np.uint8]
    seg: Dataset | None
    sr: Dataset


def result_uids(
    study_uid: str, radiograph_uid: str, model: ModelIdentity, form: SegForm = SegForm.BINARY
) -> tuple[SegUids, SrUids]:
    """Return the UIDs of a radiograph's results: the same for the same model, form and version of Kidray."""
    apart = () if form is SegForm.BINARY else (form.value,)

    def uid(level: str) -> str:
        return derived_uid(study_uid, level, radiograph_uid, model.sha256, software_version(), *apart)

    return SegUids(uid("seg-series"), uid("seg")), SrUids(uid("sr-series"), uid("sr"))


def read_radiograph(
    dataset: Dataset,
    values: NDArray[np.float32],
    predictor: Predictor,
    made_at: datetime,
    *,
    form: SegForm = SegForm.BINARY,
) -> RadiographResult:
    """Return the findings of a radiograph and the objects that state them.

    Parameters
    ----------
    dataset
        The radiograph's header.
    values
        Float32 (rows, columns): its `study.pixels.attenuation_values`, as stored; the network sees it
        in the standard hanging.
    """
    model = predictor.package.identity
    seg_uids, sr_uids = result_uids(str(dataset.StudyInstanceUID), str(dataset.SOPInstanceUID), model, form)
    measured = measure(predictor.predict(Hanging.of(dataset).upright(values)), dataset, predictor.package)
    labels = measured.labels
    seg, findings = write_seg(labels, measured.findings, dataset, model, seg_uids, made_at, form=form)
    sr = write_sr(findings, dataset, seg, model, sr_uids, made_at)
    radiograph = Radiograph(
        series_uid=str(dataset.SeriesInstanceUID),
        instance_uid=str(dataset.SOPInstanceUID),
        sop_class_uid=str(dataset.SOPClassUID),
        rows=values.shape[0],
        columns=values.shape[1],
        view=view_of(dataset),
        imager_pixel_spacing_mm=spacing_mm(dataset),
        seg_series_uid=None if seg is None else seg_uids.series_uid,
        seg_instance_uid=None if seg is None else seg_uids.instance_uid,
        seg_is_labelmap=seg is not None and form is SegForm.LABELMAP,
        sr_instance_uid=sr_uids.instance_uid,
    )
    return RadiographResult(radiograph, findings, labels, seg, sr)
