"""Make the SR of a report version from what the archive holds, and store it."""

from __future__ import annotations

from pydicom import Dataset

from reporting.sr import report_sr, sr_uids
from study.archive import Archive, InstanceReference
from study.errors import NotSegmentedError
from study.history import Signed
from study.model import Report, StudyRecord


def store_report(report: Report, record: StudyRecord, archive: Archive) -> Report:
    """Store the SR of `report`, and return the report with the SR's UIDs in it.

    Doing it twice stores one object: its UID follows from the words.

    Parameters
    ----------
    report
        The version to store.
    record
        The study whose radiographs and findings it rests on.
    archive
        Where the radiographs and their results are held.

    Raises
    ------
    NotSegmentedError
        If the record names no model or no radiograph, so that nothing was segmented.
    NotInArchiveError
        If a radiograph is not held.
    """
    if record.model is None or not record.radiographs:
        raise NotSegmentedError(f"study {record.study_uid} has no segmented radiograph to report on")
    uids = sr_uids(report)
    dataset = report_sr(
        report,
        findings=record.findings,
        radiographs=_radiographs(record, archive),
        results=_results(record, archive),
        model=record.model,
        uids=uids,
        adds_to=_signed_before(report, archive),
    )
    archive.write_dataset(dataset)
    return report.model_copy(update={"sr_series_uid": uids.series_uid, "sr_instance_uid": uids.instance_uid})


def _signed_before(report: Report, archive: Archive) -> Report | None:
    """Return the signed report that `report` adds to; None where it is no addendum."""
    if report.addendum_to is None:
        return None
    signed = [e.report for e in archive.events(report.study_uid) if isinstance(e, Signed)]
    return next((r for r in reversed(signed) if r.version == report.addendum_to), None)


def _radiographs(record: StudyRecord, archive: Archive) -> list[Dataset]:
    return [
        archive.read(InstanceReference(record.study_uid, r.series_uid, r.instance_uid), pixels=False)
        for r in record.radiographs
    ]


def _results(record: StudyRecord, archive: Archive) -> list[Dataset]:
    """Return the headers of the SEG and measurement SR of each radiograph, those that are held."""
    wanted = {r.seg_instance_uid for r in record.radiographs} | {
        r.sr_instance_uid for r in record.radiographs
    }
    held = [ref for ref in archive.instances(record.study_uid) if ref.instance_uid in wanted]
    return [archive.read(ref, pixels=False) for ref in held]
