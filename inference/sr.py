"""Write findings as a measurement report (PS3.16 TID 1500) whose parts point at the SEG's segments."""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import Any, NamedTuple

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from inference.equipment import (
    MANUFACTURER,
    coded,
    complete_result,
    contributing_equipment,
    device_uid,
    series_description,
    software_version,
)
from study.findings import FINDINGS
from study.model import Finding, ModelIdentity, Presence
from study.regions import ABDOMEN, REGION_CONCEPTS
from study.result_header import result_header
from study.tracking import tracking_uid

SERIES_NUMBER = 9002

PRESENCE = Code("705057003", "SCT", "Presence")
PRESENCE_CODES = {
    Presence.PRESENT: Code("52101004", "SCT", "Present"),
    Presence.ABSENT: Code("2667000", "SCT", "Absent"),
    Presence.INDETERMINATE: Code("82334004", "SCT", "Indeterminate"),
}
CERTAINTY = Code("111012", "DCM", "Certainty of Finding")  # a number in percent
UNCERTAINTY = Code("UNCERTAINTY", "99KIDRAY", "Uncertainty of finding")  # a number in percent
PERCENT = Code("%", "UCUM", "Percent")
AREA = Code("42798000", "SCT", "Area")
SQUARE_MM = Code("mm2", "UCUM", "Square millimeter")
AT_DETECTOR = Code("DETECTOR_PLANE", "99KIDRAY", "In the plane of the detector")
AT_PATIENT = Code("PATIENT_PLANE", "99KIDRAY", "Corrected for radiographic magnification")
PROCEDURE = Code("363679005", "SCT", "Imaging procedure")  # CID 100


class SrUids(NamedTuple):
    """The UIDs that the SR gets."""

    series_uid: str
    instance_uid: str


def write_sr(
    findings: list[Finding],
    radiograph: Dataset,
    seg: Dataset | None,
    model: ModelIdentity,
    uids: SrUids,
    made_at: datetime,
) -> Dataset:
    """Return a Comprehensive 3D SR that states all findings, absent ones too; unverified, preliminary.

    Parameters
    ----------
    findings
        With references to `seg` where they have a segment.
    radiograph
        The source's header.
    seg
        The segmentation, or None where nothing was segmented.
    """
    header = result_header(radiograph)
    with warnings.catch_warnings():  # of unusual but legal values in the source's header
        warnings.simplefilter("ignore")
        report = hd.sr.Comprehensive3DSR(
            evidence=[header] if seg is None else [header, seg],
            content=_content(findings, header, seg, model),
            series_instance_uid=uids.series_uid,
            series_number=SERIES_NUMBER,
            sop_instance_uid=uids.instance_uid,
            instance_number=1,
            manufacturer=MANUFACTURER,
            is_complete=True,
            is_final=False,
            is_verified=False,
            series_description=series_description("measurements", model),
            manufacturer_model_name=model.name,
            software_versions=[software_version(), model.version],
            device_serial_number=model.sha256[:16],
            contributing_equipment=[contributing_equipment(model, made_at)],
        )
    complete_result(report, header, made_at)
    return report


def _content(findings: list[Finding], header: Dataset, seg: Dataset | None, model: ModelIdentity) -> Any:
    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=device_uid(model),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=model.name,
            serial_number=model.sha256[:16],
        ),
    )
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device),
        procedure_reported=PROCEDURE,
        imaging_measurements=[_group(f, header, seg, model) for f in findings],
        title=codes.DCM.ImagingMeasurementReport,
        # An image library entry of a projection states both (PS3.16 TID 1603).
        referenced_images=[header]
        if {"PatientOrientation", "ImagerPixelSpacing"} <= set(header.dir())
        else None,
    )
    return report[0]


def _group(finding: Finding, header: Dataset, seg: Dataset | None, model: ModelIdentity) -> Any:
    """Return the measurement group of a finding: TID 1410 where it has a segment, else TID 1501."""
    shared: dict[str, Any] = {
        "tracking_identifier": hd.sr.TrackingIdentifier(
            uid=tracking_uid(finding), identifier=finding.label.value
        ),
        "finding_type": coded(FINDINGS[finding.label].concept),
        "algorithm_id": hd.sr.AlgorithmIdentification(
            name=model.name, version=model.version, parameters=[f"sha256={model.sha256}"]
        ),
        "finding_sites": [hd.sr.FindingSite(coded(site_of(finding)))],
        "measurements": _measurements(finding),
        "qualitative_evaluations": [hd.sr.QualitativeEvaluation(PRESENCE, PRESENCE_CODES[finding.presence])],
    }
    if finding.segment is None or seg is None:
        source = hd.sr.SourceImageForMeasurementGroup(header.SOPClassUID, header.SOPInstanceUID)
        return hd.sr.MeasurementsAndQualitativeEvaluations(**shared, source_images=[source])
    frame = referenced_segment(finding, header, seg)
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(**shared, referenced_segment=frame)


def referenced_segment(finding: Finding, header: Dataset, seg: Dataset) -> hd.sr.ReferencedSegmentationFrame:
    """Return the reference to a finding's segment in `seg`, which it has to have."""
    if finding.segment is None:
        raise ValueError(f"finding {finding.id} has no segment")
    number = finding.segment.segment_number
    frame = hd.sr.ReferencedSegmentationFrame(
        sop_class_uid=seg.SOPClassUID,
        sop_instance_uid=finding.segment.instance_uid,
        frame_number=number,  # left out below
        segment_number=number,
        source_image=hd.sr.SourceImageForSegmentation(header.SOPClassUID, header.SOPInstanceUID),
    )
    # By number a segment is meant whole; number and frame together are not allowed (PS3.3 Table 10-3).
    del frame[0].ReferencedSOPSequence[0].ReferencedFrameNumber
    return frame


def site_of(finding: Finding) -> Any:
    """Return the coded region that a finding lies in."""
    return ABDOMEN if finding.region is None else REGION_CONCEPTS[finding.region]


def _measurements(finding: Finding) -> list[Any]:
    measured = [hd.sr.Measurement(CERTAINTY, round(100 * finding.probability, 2), PERCENT)]
    if finding.uncertainty is not None:
        measured.append(hd.sr.Measurement(UNCERTAINTY, round(100 * finding.uncertainty, 2), PERCENT))
    if finding.segment is not None and finding.area_mm2 is not None:
        plane = AT_PATIENT if finding.area_plane == "patient" else AT_DETECTOR
        measured.append(hd.sr.Measurement(AREA, round(finding.area_mm2, 2), SQUARE_MM, method=plane))
    return measured
