"""Studies with a draft or a signed report, as messages and files are made from them."""

from __future__ import annotations

from collections.abc import Sequence

from reporting.reported import Reported
from study.history import Assessed, Drafted, Event, Queued, Received, Segmented, Signed, fold
from study.model import (
    Assessment,
    Finding,
    Language,
    Radiograph,
    Report,
    Segmentation,
    Signature,
    StudySummary,
    View,
)
from tests.reporting.builders import FIRST, MODEL, NOW, STUDY, draft, finding, findings, radiograph

SUMMARY = StudySummary(
    patient_name="Hong^Gildong",
    patient_id="47|11&^",
    patient_birth_date="20251201",
    accession_number="A^1",
    study_date="20260301",
    study_time="101500.1",
)
FREE_GAS = findings(
    finding("pneumoperitoneum", region="upper_abdomen", segment=True),
    finding("constipation", "indeterminate", region="pelvis"),
)


def events(
    made: Sequence[Finding] = FREE_GAS,
    *,
    language: Language = Language.ENGLISH,
    signed: bool = False,
    rejected: Sequence[str] = (),
    radiographs: Sequence[Radiograph] = (radiograph(View.SUPINE),),
    summary: StudySummary = SUMMARY,
) -> list[Event]:
    """Return the events of a study up to its draft, or up to its signature."""
    report = draft(list(made), list(radiographs), language)
    sr = {"sr_series_uid": "1.2.826.7", "sr_instance_uid": f"1.2.826.7.{report.version}"}
    segmentation = Segmentation(model=MODEL, radiographs=list(radiographs), findings=list(made))
    happened: list[Event] = [
        Received(at=NOW, revision=1, calling_ae_title="CR", summary=summary),
        Queued(at=NOW, revision=1, instances=1),
        Segmented(at=NOW, revision=1, segmentation=segmentation),
        Drafted(at=NOW, revision=1, report=report.model_copy(update=sr)),
    ]
    for label in rejected:
        verdict = {"finding_id": f"{label}@{FIRST}", "assessment": Assessment.REJECTED, "reader": "Dr Kim"}
        happened.append(Assessed(at=NOW, revision=1, **verdict))
    if signed:
        happened.append(Signed(at=NOW, revision=1, report=signed_version(report)))
    return happened


def signed_version(report: Report, signer: str = "Kim^Minji") -> Report:
    return report.model_copy(update={"signature": Signature(signer=signer, signed_at=NOW)})


def reported(happened: Sequence[Event], report: Report | None = None) -> Reported:
    """Return the newest version after these events, or `report` in its place."""
    record = fold(STUDY, happened)
    assert record is not None
    assert record.draft is not None
    return Reported(record, report or record.draft)
