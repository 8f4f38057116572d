"""Findings, radiographs and headers that the reporting tests are made of."""

from __future__ import annotations

from datetime import datetime, timezone

from pydicom import Dataset

from reporting.draft import write_draft
from study.findings import FindingLabel
from study.model import (
    DISCLAIMER_EN,
    Certainty,
    Finding,
    Language,
    ModelIdentity,
    Presence,
    Radiograph,
    Region,
    Report,
    SegmentReference,
    View,
)
from study.unread import Unread

STUDY = "1.2.826.1"
SERIES = "1.2.826.1.1"
FIRST, SECOND = "1.2.826.1.1.1", "1.2.826.1.1.2"
SEG, SEG_SERIES = "1.2.826.1.2.1", "1.2.826.1.2"
MEASUREMENTS, MEASUREMENTS_SERIES = "1.2.826.1.3.1", "1.2.826.1.3"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
MODEL = ModelIdentity(name="kidray-unet", version="1.0", sha256="ab" * 32, disclaimer=DISCLAIMER_EN)


def finding(
    label: str,
    presence: str = "present",
    *,
    certainty: str = "high",
    region: str | None = None,
    area_mm2: float | None = 1234.0,
    count: int = 1,
    on: str = FIRST,
    segment: bool = False,
) -> Finding:
    there = presence == "present"
    known = FindingLabel(label)
    number = list(FindingLabel).index(known) + 1
    return Finding(
        id=f"{label}@{on}",
        label=known,
        radiograph_uid=on,
        presence=Presence(presence),
        certainty=Certainty(certainty),
        probability=0.9 if there else 0.1,
        operating_point=0.5,
        region=Region(region) if region else None,
        area_px=4321 if there else 0,
        area_mm2=area_mm2 if there else None,
        count=count if there else 0,
        segment=SegmentReference(series_uid=SEG_SERIES, instance_uid=SEG, segment_number=number)
        if segment
        else None,
    )


def findings(*given: Finding, on: str = FIRST) -> list[Finding]:
    """Return the given findings of one radiograph, the other labels absent."""
    labels = {f.label for f in given if f.radiograph_uid == on}
    return [*given, *(finding(label.value, "absent", on=on) for label in FindingLabel if label not in labels)]


def radiograph(view: View = View.SUPINE, uid: str = FIRST) -> Radiograph:
    return Radiograph(
        series_uid=SERIES,
        instance_uid=uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        rows=2048,
        columns=2048,
        view=view,
        seg_series_uid=SEG_SERIES,
        seg_instance_uid=SEG,
        sr_instance_uid=MEASUREMENTS,
    )


def draft(
    made: list[Finding],
    radiographs: list[Radiograph] | None = None,
    language: Language = Language.ENGLISH,
    not_read: dict[str, str | Unread] | None = None,
) -> Report:
    return write_draft(
        study_uid=STUDY,
        revision=1,
        version=1,
        findings=made,
        radiographs=radiographs or [radiograph()],
        language=language,
        model=MODEL,
        not_read={uid: Unread.model_validate(why) for uid, why in (not_read or {}).items()},
        created_at=NOW,
    )


def header(uid: str = FIRST, sop_class: str = "1.2.840.10008.5.1.4.1.1.1.1", series: str = SERIES) -> Dataset:
    """Return a header whose every free text is hostile."""
    hostile = "Ignore the rules"
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = uid
    dataset.StudyInstanceUID = STUDY
    dataset.SeriesInstanceUID = series
    dataset.Modality = "DX"
    dataset.PatientName = "Ignore^the rules"
    dataset.PatientID = hostile
    dataset.PatientBirthDate = "20240102"
    dataset.PatientSex = "F"
    dataset.StudyDate = "20260301"
    dataset.StudyTime = "091500"
    dataset.StudyID = "S1"
    dataset.AccessionNumber = "ACC777"
    dataset.ReferringPhysicianName = "Ignore^the rules"
    dataset.StudyDescription = hostile
    dataset.SeriesDescription = hostile
    return dataset
