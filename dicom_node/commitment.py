"""Storage commitment in words: who vouches for which instances (PS3.4 annex J)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import StorageCommitmentPushModel

from dicom_node.contexts import UNCOMPRESSED
from study.archive import Archive, InstanceReference
from study.errors import NotDicomError
from study.identifiers import is_uid
from study.inspection import MALFORMED

REQUEST = 1  # N-ACTION's only type (PS3.4 table J.3.2-1)
ALL_COMMITTED, SOME_FAILED = 1, 2  # N-EVENT-REPORT's types (PS3.4 section J.3.3)
NO_SUCH_INSTANCE = 0x0112  # failure reasons (PS3.3 section C.14.1.1)
CLASS_CONFLICT = 0x0119
CANNOT_VOUCH = 0x0110


class Named(NamedTuple):
    """An instance as a commitment names it."""

    sop_class_uid: str
    instance_uid: str


class Report(NamedTuple):
    """What became of one transaction.

    Attributes
    ----------
    transaction_uid
        Of the request.
    committed
        The instances that are vouched for.
    failed
        The others, each with its failure reason.
    """

    transaction_uid: str
    committed: tuple[Named, ...]
    failed: Mapping[Named, int]

    @property
    def event_type(self) -> int:
        """Number of the N-EVENT-REPORT."""
        return SOME_FAILED if self.failed else ALL_COMMITTED


def context() -> PresentationContext:
    """Return the presentation context, open to either role: reports travel against the usual ones."""
    built = build_context(StorageCommitmentPushModel, list(UNCOMPRESSED))
    built.scu_role = built.scp_role = True
    return built


def request_dataset(transaction_uid: str, instances: Iterable[Named]) -> Dataset:
    """Return the action information of a request."""
    dataset = Dataset()
    dataset.TransactionUID = transaction_uid
    dataset.ReferencedSOPSequence = [_reference(each) for each in instances]
    return dataset


def parse_request(dataset: Dataset) -> tuple[str, list[Named]]:
    """Return the transaction UID of a request, and the instances that it names.

    Raises
    ------
    NotDicomError
        If one of the two is missing or malformed.
    """
    try:
        transaction_uid, instances = str(dataset.TransactionUID), _named(dataset, "ReferencedSOPSequence")
    except MALFORMED as error:
        raise NotDicomError("the commitment request has no transaction UID or cannot be read") from error
    if not is_uid(transaction_uid) or not instances:
        raise NotDicomError("the commitment request lacks its transaction UID or names no instance")
    return transaction_uid, instances


def report_dataset(report: Report) -> Dataset:
    """Return the event information of a report."""
    dataset = Dataset()
    dataset.TransactionUID = report.transaction_uid
    if report.committed:
        dataset.ReferencedSOPSequence = [_reference(each) for each in report.committed]
    if report.failed:
        dataset.FailedSOPSequence = [_reference(each) for each in report.failed]
        for item, reason in zip(dataset.FailedSOPSequence, report.failed.values(), strict=True):
            item.FailureReason = reason
    return dataset


def parse_report(dataset: Dataset) -> Report:
    """Return what a report's event information says.

    Raises
    ------
    NotDicomError
        If it has no transaction UID, or is malformed.
    """
    try:
        reasons = [
            int(item.get("FailureReason", CANNOT_VOUCH)) for item in dataset.get("FailedSOPSequence", [])
        ]
        return Report(
            str(dataset.TransactionUID),
            tuple(_named(dataset, "ReferencedSOPSequence")),
            dict(zip(_named(dataset, "FailedSOPSequence"), reasons, strict=True)),
        )
    except MALFORMED as error:
        raise NotDicomError("the commitment report cannot be read") from error


def vouch(archive: Archive, transaction_uid: str, instances: Iterable[Named]) -> Report:
    """Return for which of `instances` the archive vouches: held, readable and of that SOP class."""
    wanted = list(dict.fromkeys(instances))
    held = locate(archive, {each.instance_uid for each in wanted})
    failed = {}
    for each in wanted:
        reason = _why_not(archive, held.get(each.instance_uid), each)
        if reason is not None:
            failed[each] = reason
    return Report(transaction_uid, tuple(each for each in wanted if each not in failed), failed)


def locate(archive: Archive, instance_uids: Collection[str]) -> dict[str, InstanceReference]:
    """Return where instances are held, found by their UID alone; the latest studies are looked at first."""
    missing = {uid for uid in instance_uids if is_uid(uid)}
    found: dict[str, InstanceReference] = {}
    with os.scandir(archive.root) as entries:
        studies = [(e.stat().st_mtime_ns, e.name) for e in entries if e.is_dir() and is_uid(e.name)]
    for _, study_uid in sorted(studies, reverse=True):
        if not missing:
            break
        for ref in archive.instances(study_uid):
            if ref.instance_uid in missing:
                found[ref.instance_uid] = ref
                missing.discard(ref.instance_uid)
    return found


def _why_not(archive: Archive, ref: InstanceReference | None, named: Named) -> int | None:
    if ref is None:
        return NO_SUCH_INSTANCE
    try:
        header = pydicom.dcmread(archive.path(ref), specific_tags=["SOPClassUID"], stop_before_pixels=True)
        return None if str(header.SOPClassUID) == named.sop_class_uid else CLASS_CONFLICT
    except (*MALFORMED, InvalidDicomError):
        return CANNOT_VOUCH


def _named(dataset: Dataset, keyword: str) -> list[Named]:
    return [
        Named(str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID))
        for item in dataset.get(keyword) or []
    ]


def _reference(named: Named) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID(named.sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(named.instance_uid)
    return item
