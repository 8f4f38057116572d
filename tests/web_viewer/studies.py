"""Studies made by hand: a radiograph that came in, its SEG, findings and draft, as the jobs leave them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from study.archive import InstanceReference
from study.findings import FINDINGS, FindingLabel
from study.history import Drafted, Event, Failed, Queued, Segmented, Skipped
from study.intake import Intake
from study.ledger import Ledger
from study.model import (
    BoundingBox,
    Certainty,
    DraftSource,
    Finding,
    Language,
    ModelIdentity,
    Presence,
    Radiograph,
    Region,
    Report,
    Segmentation,
    SegmentReference,
    Sentence,
    StudyRecord,
    Wording,
)
from tests.study.instances import encoded
from tests.study.radiographs import radiograph

MODEL = ModelIdentity(name="kidray-unet", version="1", sha256="0" * 64, disclaimer="synthetic phantoms only")
ROWS, COLUMNS = 48, 64
LABEL = FindingLabel.PNEUMOPERITONEUM


class SegmentedStudy(NamedTuple):
    """A study and what was made of its one radiograph."""

    study_uid: str
    radiograph: Dataset
    mask: np.ndarray  # bool (ROWS, COLUMNS)
    seg: InstanceReference | None

    @property
    def instance_uid(self) -> str:
        return str(self.radiograph.SOPInstanceUID)

    @property
    def series_uid(self) -> str:
        return str(self.radiograph.SeriesInstanceUID)

    @property
    def finding_id(self) -> str:
        return f"{LABEL}@{self.instance_uid}"


def pixels() -> np.ndarray:
    """A ramp with every value of its range: uint16 (ROWS, COLUMNS), 0..3071."""
    return np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS)


def a_dx(**attributes: object) -> Dataset:
    """A DX of 12 bits with a window and the attributes that a worklist shows."""
    standard: dict[str, object] = {
        "PatientName": "DOE^JANE",
        "PatientID": "PID-4711",
        "PatientBirthDate": "20250801",
        "PatientSex": "F",
        "PatientAge": "003M",
        "AccessionNumber": "ACC1",
        "StudyDate": "20260101",
        "StudyTime": "120000",
        "StudyID": "S1",
        "StudyDescription": "Abdomen AP",
        "BodyPartExamined": "ABDOMEN",
        "WindowCenter": 1536,
        "WindowWidth": 3072,
        "ImagerPixelSpacing": [0.2, 0.2],
        "PatientOrientation": ["L", "F"],
    }
    return radiograph(pixels(), **{**standard, **attributes})


def take(intake: Intake, dataset: Dataset) -> InstanceReference:
    """Let a data set come in as C-STORE would."""
    return intake.take(
        encoded(dataset, dataset.file_meta.TransferSyntaxUID),
        sop_class_uid=str(dataset.SOPClassUID),
        instance_uid=str(dataset.SOPInstanceUID),
        transfer_syntax_uid=str(dataset.file_meta.TransferSyntaxUID),
        calling_ae_title="MODALITY",
    ).ref


def a_drafted_study(
    intake: Intake, ledger: Ledger, *, critical: bool = True, **attributes: object
) -> SegmentedStudy:
    """A study that waits for its radiologist."""
    study = a_segmented_study(intake, ledger, critical=critical, **attributes)
    append(ledger, study.study_uid, lambda r: Drafted(at=later(r, 4), revision=1, report=a_report(study)))
    return study


def a_segmented_study(
    intake: Intake, ledger: Ledger, *, critical: bool = True, **attributes: object
) -> SegmentedStudy:
    """A study whose radiograph has been read by the model."""
    dataset = a_dx(**attributes)
    ref = take(intake, dataset)
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    mask[5:20, 10:30] = True
    seg = ledger.archive.write_dataset(a_seg(dataset, mask)) if critical else None
    study = SegmentedStudy(ref.study_uid, dataset, mask, seg)
    append(ledger, ref.study_uid, lambda r: Queued(at=later(r, 1), revision=1, instances=1))
    segmentation = _segmentation(study)
    append(ledger, ref.study_uid, lambda r: Segmented(at=later(r, 2), revision=1, segmentation=segmentation))
    return study


def a_skipped_study(intake: Intake, ledger: Ledger, reason: str) -> str:
    ref = take(intake, a_dx(BodyPartExamined="CHEST"))
    append(ledger, ref.study_uid, lambda r: Queued(at=later(r, 1), revision=1, instances=1))
    append(ledger, ref.study_uid, lambda r: Skipped(at=later(r, 2), revision=1, reason=reason))
    return ref.study_uid


def a_failed_study(intake: Intake, ledger: Ledger, reason: str) -> str:
    ref = take(intake, a_dx())
    append(ledger, ref.study_uid, lambda r: Queued(at=later(r, 1), revision=1, instances=1))
    append(
        ledger,
        ref.study_uid,
        lambda r: Failed(at=later(r, 2), revision=1, stage="segment", reason=reason, retryable=True),
    )
    return ref.study_uid


def append(ledger: Ledger, study_uid: str, decide: object) -> StudyRecord:
    def event(record: StudyRecord | None) -> Event | None:
        assert record is not None
        return decide(record)  # type: ignore[operator,no-any-return]

    record = ledger.append(study_uid, event)
    assert record is not None
    return record


def later(record: StudyRecord, seconds: float) -> datetime:
    return record.received_at + timedelta(seconds=seconds)


def a_report(study: SegmentedStudy) -> Report:
    return Report(
        study_uid=study.study_uid,
        revision=1,
        version=1,
        language=Language.ENGLISH,
        technique=[Sentence(text="Supine radiograph of the abdomen.")],
        findings=[
            Sentence(text="Free intraperitoneal gas.", finding_ids=[study.finding_id]),
            Sentence(text="No air-fluid levels."),
        ],
        impression=[Sentence(text="Possible pneumoperitoneum.", finding_ids=[study.finding_id])],
        recommendation=[Sentence(text="Inform the surgeon.", rule_id="critical")],
        comparison="None.",
        limitations=[Sentence(text="Trained on phantoms.")],
        critical=True,
        wording=Wording(source=DraftSource.TEMPLATE),
        disclaimer="synthetic phantoms only",
        created_at=datetime.now(timezone.utc),
    )


def a_seg(source: Dataset, mask: np.ndarray) -> Dataset:
    """A BINARY SEG of one segment."""
    definition = FINDINGS[LABEL]
    for keyword in ("StudyID", "AccessionNumber"):
        if keyword not in source:
            setattr(source, keyword, "")
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=definition.segment_label,
        segmented_property_category=Code("49755003", "SCT", "Morphologically Altered Structure"),
        segmented_property_type=Code("17204006", "SCT", "Pneumoperitoneum"),
        algorithm_type="MANUAL",
    )
    seg = hd.seg.Segmentation(
        source_images=[source],
        pixel_array=mask[np.newaxis, ..., np.newaxis].astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[description],
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Kidray",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    return seg


def _segmentation(study: SegmentedStudy) -> Segmentation:
    there = study.seg is not None
    finding = Finding(
        id=study.finding_id,
        label=LABEL,
        radiograph_uid=study.instance_uid,
        presence=Presence.PRESENT if there else Presence.ABSENT,
        certainty=Certainty.HIGH,
        probability=0.97 if there else 0.01,
        operating_point=0.5,
        region=Region.UPPER_ABDOMEN if there else None,
        area_px=int(study.mask.sum()) if there else 0,
        area_mm2=12.0 if there else None,
        count=int(there),
        box=BoundingBox(left=10, top=5, width=20, height=15) if there else None,
        segment=SegmentReference(
            series_uid=study.seg.series_uid, instance_uid=study.seg.instance_uid, segment_number=1
        )
        if study.seg
        else None,
    )
    read = Radiograph(
        series_uid=study.series_uid,
        instance_uid=study.instance_uid,
        sop_class_uid=str(study.radiograph.SOPClassUID),
        rows=ROWS,
        columns=COLUMNS,
        imager_pixel_spacing_mm=(0.2, 0.2),
        seg_series_uid=study.seg.series_uid if study.seg else None,
        seg_instance_uid=study.seg.instance_uid if study.seg else None,
    )
    return Segmentation(model=MODEL, radiographs=[read], findings=[finding])
