"""Write a report version as a DICOM SR: the narrative of PS3.16 TID 2000, unverified until signed.

A draft is PRELIMINARY, PARTIAL and UNVERIFIED; a signed report is FINAL, COMPLETE and VERIFIED, with
its signer as the verifying observer (PS3.3 C.17.2).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import highdicom as hd
from pydicom import Dataset
from pydicom.uid import ComprehensiveSRStorage

from reporting.sr_content import MANUFACTURER, Sources, person_name, report_content
from study.identifiers import derived_uid
from study.model import Finding, ModelIdentity, Report
from study.result_header import result_header

SERIES_NUMBER = {False: 9003, True: 9004}  # draft, signed
ORGANIZATION = "not recorded"  # the viewer asks a signer for a name, not for an employer


# What its UID follows from; a field that is added to reports later changes no UID given before.
_WORDS = {
    "study_uid",
    "revision",
    "version",
    "language",
    "technique",
    "findings",
    "impression",
    "recommendation",
    "comparison",
    "limitations",
    "critical",
    "disclaimer",
    "signature",
    "addendum_to",
}


class SrUids(NamedTuple):
    """The UIDs that a report's SR gets."""

    series_uid: str
    instance_uid: str


def sr_uids(report: Report) -> SrUids:
    """Return the UIDs of a report's SR: the same for the same words under the same signature."""
    kind = "draft" if report.signature is None else "signed"
    words = report.model_dump_json(include=_WORDS)
    digest = hashlib.sha256(words.encode()).hexdigest()
    return SrUids(
        derived_uid(report.study_uid, "report", kind),
        derived_uid(report.study_uid, "report", kind, digest),
    )


def report_sr(
    report: Report,
    *,
    findings: Sequence[Finding],
    radiographs: Sequence[Dataset],
    results: Sequence[Dataset],
    model: ModelIdentity,
    uids: SrUids,
    adds_to: Report | None = None,
) -> Dataset:
    """Return a report version as a Comprehensive SR.

    Parameters
    ----------
    report
        The version; signed where it carries a signature.
    findings
        What its sentences refer to, where the version is of an older archive and does not hold it itself.
    radiographs
        Headers of the radiographs; the first gives patient and study. At least one.
    results
        Headers of the SEG and measurement SR instances that the findings rest on.
    model
        The algorithm that made the findings.
    uids
        From `sr_uids`.
    adds_to
        The signed report to which this one is an addendum; None where it stands alone.

    Returns
    -------
    pydicom.Dataset
        Comprehensive SR (PS3.3 A.35.3) in UTF-8 (ISO_IR 192), after TID 2000, its language given
        by TID 1204.
    """
    headers = [result_header(radiograph) for radiograph in radiographs]
    rests_on = report.observations or findings  # what was drawn or stated since is not what its words hold
    signature = report.signature
    signed = signature is not None
    made_at = signature.signed_at if signature is not None else report.created_at
    with warnings.catch_warnings():  # of unusual but legal values in the source's header
        warnings.simplefilter("ignore")
        dataset: Dataset = hd.sr.ComprehensiveSR(
            evidence=[*headers, *results],
            content=report_content(
                report, Sources.of(rests_on, headers, results), model, adds_to.signature if adds_to else None
            ),
            series_instance_uid=uids.series_uid,
            series_number=SERIES_NUMBER[signed],
            sop_instance_uid=uids.instance_uid,
            instance_number=report.version,
            manufacturer=MANUFACTURER,
            is_complete=signed,
            is_final=signed,
            is_verified=signed,
            verifying_observer_name=person_name(signature.signer) if signature else None,
            verifying_organization=ORGANIZATION if signature else None,
            series_description=_series_description(model, signed=signed),
            manufacturer_model_name=model.name,
            software_versions=[_software_version(), model.version],
            device_serial_number=model.sha256[:16],
        )
        date_result(dataset, made_at)
    if adds_to is not None:
        dataset.PredecessorDocumentsSequence = [_predecessor(adds_to)]
    return dataset


def _predecessor(signed: Report) -> Dataset:
    """Return a reference to the SR of a signed report (PS3.3 C.17.2.2), made yet or not."""
    uids = sr_uids(signed)
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID = ComprehensiveSRStorage
    instance.ReferencedSOPInstanceUID = signed.sr_instance_uid or uids.instance_uid
    series.SeriesInstanceUID = signed.sr_series_uid or uids.series_uid
    series.ReferencedSOPSequence = [instance]
    study.StudyInstanceUID = signed.study_uid
    study.ReferencedSeriesSequence = [series]
    return study


def _series_description(model: ModelIdentity, *, signed: bool) -> str:
    """Return what a worklist shows of the series: draft or signed, with the model's disclaimer (LO)."""
    kind = "signed report" if signed else "draft report"
    return f"{MANUFACTURER} {kind} - {model.disclaimer.removeprefix('Trained on ')}"[:64]


def date_result(dataset: Dataset, made_at: datetime) -> None:
    """Say when `dataset` was made, and in which characters: any name fits UTF-8."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for kind in ("Content", "InstanceCreation", "Series"):
        setattr(dataset, f"{kind}Date", made_at.strftime("%Y%m%d"))
        setattr(dataset, f"{kind}Time", made_at.strftime("%H%M%S"))
    dataset.TimezoneOffsetFromUTC = made_at.strftime("%z") or "+0000"
    for observer in dataset.get("VerifyingObserverSequence", []):
        observer.VerificationDateTime = made_at.strftime("%Y%m%d%H%M%S")


def _software_version() -> str:
    try:
        return version("kidray")
    except PackageNotFoundError:
        return "0"
