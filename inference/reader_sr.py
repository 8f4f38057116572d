"""Write what a reader drew and measured as a measurement report (PS3.16 TID 1500), unverified."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes

from inference.equipment import MANUFACTURER, coded, complete_result
from inference.person import made_with, observers
from inference.sr import (
    AREA,
    AT_DETECTOR,
    AT_PATIENT,
    PRESENCE,
    PRESENCE_CODES,
    PROCEDURE,
    SQUARE_MM,
    referenced_segment,
    site_of,
)
from study.findings import FINDINGS
from study.marks import Kept
from study.model import Finding
from study.result_header import result_header
from study.tracking import tracking_uid

SERIES_NUMBER = 9007


def write_reader_sr(
    groups: Sequence[Any], radiograph: Dataset, seg: Dataset | None, reader: str, uids: Kept, at: datetime
) -> Dataset:
    """Return a Comprehensive 3D SR of measurement groups; complete, preliminary, unverified.

    Parameters
    ----------
    groups
        Of TID 1410 or 1501, as highdicom builds them.
    radiograph
        The source's header.
    seg
        The segmentation that a group refers to, if any does.
    """
    header = result_header(radiograph)
    has_library = {"PatientOrientation", "ImagerPixelSpacing"} <= set(header.dir())
    report = hd.sr.MeasurementReport(
        observation_context=observers(reader),
        procedure_reported=PROCEDURE,
        imaging_measurements=list(groups),
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=[header] if has_library else None,
    )
    with warnings.catch_warnings():  # of unusual but legal values in the source's header
        warnings.simplefilter("ignore")
        document = hd.sr.Comprehensive3DSR(
            evidence=[header] if seg is None else [header, seg],
            content=report[0],
            series_instance_uid=uids.series_uid,
            series_number=SERIES_NUMBER,
            sop_instance_uid=uids.instance_uid,
            instance_number=1,
            is_complete=True,
            is_final=False,
            is_verified=False,
            series_description=f"{MANUFACTURER} measurements by a reader",
            **made_with(),
        )
    complete_result(document, header, at)
    return document


def corrected_group(finding: Finding, radiograph: Dataset, seg: Dataset) -> Any:
    """Return the measurement group of a finding whose mask a reader drew (TID 1410)."""
    definition = FINDINGS[finding.label]
    measured = []
    if finding.area_mm2 is not None:
        plane = AT_PATIENT if finding.area_plane == "patient" else AT_DETECTOR
        measured.append(hd.sr.Measurement(AREA, round(finding.area_mm2, 2), SQUARE_MM, method=plane))
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=tracking_uid(finding), identifier=finding.label.value
        ),
        referenced_segment=referenced_segment(finding, radiograph, seg),
        finding_type=coded(definition.concept),
        finding_sites=[hd.sr.FindingSite(coded(site_of(finding)))],
        measurements=measured or None,
        qualitative_evaluations=[hd.sr.QualitativeEvaluation(PRESENCE, PRESENCE_CODES[finding.presence])],
    )
