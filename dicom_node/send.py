"""Send instances to a destination by C-STORE (PS3.4 annex B), their bytes as they are on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID
from pynetdicom.association import Association

from dicom_node.associate import ANSWER_TIMEOUT, CONNECT_TIMEOUT, association
from dicom_node.contexts import MOST_CONTEXTS, Encoded, offers, proposed_contexts
from dicom_node.statuses import SUCCESS, WARNINGS, in_words, may_pass
from study.errors import KidrayError
from study.fenced import Answer
from study.settings import Destination
from study.transcoding import part10_as

_NO_SYNTAX = "none of the transfer syntaxes set for the destination is one that it can be sent in"


class SendResult(NamedTuple):
    """What became of one instance.

    Attributes
    ----------
    path
        The file.
    instance_uid
        Its SOP Instance UID; empty where the file could not be read.
    status
        DIMSE status of the destination's answer (PS3.4 section B.2.3); None where none came.
    reason
        The outcome in words.
    retryable
        Whether sending it again later may succeed.
    """

    path: Path
    instance_uid: str
    status: int | None
    reason: str
    retryable: bool = False

    @property
    def sent(self) -> bool:
        """Whether the destination holds it: stored, or stored with a warning."""
        return self.status is not None and (self.status == SUCCESS or self.status in WARNINGS)


class Instance(NamedTuple):
    """A Part 10 file to send, and how it is encoded."""

    path: Path
    instance_uid: str
    encoded: Encoded


class Originator(NamedTuple):
    """Whose C-MOVE a C-STORE is part of (PS3.7 section 9.1.1.1)."""

    ae_title: str
    message_id: int


def send_objects(
    destination: Destination,
    paths: Sequence[Path],
    *,
    calling_ae_title: str,
    connect_timeout: float = CONNECT_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
    transfer_syntaxes: Collection[str] = (),
) -> list[SendResult]:
    """Send Part 10 files to `destination`, and return what became of each, in order.

    Bytes go as they are where the destination takes their transfer syntax, else uncompressed.

    Parameters
    ----------
    transfer_syntaxes
        UIDs of those that may be proposed; none: every one that an instance can be sent in.

    Raises
    ------
    DeliveryError
        If no association can be had; nothing was sent then.
    """
    results: dict[Path, SendResult] = {}
    instances = []
    for path in paths:
        instance = read_instance(path)
        if isinstance(instance, SendResult):
            results[path] = instance
        elif transfer_syntaxes and not _may_go(instance, transfer_syntaxes):
            results[path] = SendResult(path, instance.instance_uid, None, _NO_SYNTAX)
        else:
            instances.append(instance)
    for batch in batches(instances):
        contexts = proposed_contexts(i.encoded for i in batch)
        with association(
            destination,
            [c for c in contexts if not transfer_syntaxes or c.transfer_syntax[0] in transfer_syntaxes],
            calling_ae_title=calling_ae_title,
            connect_timeout=connect_timeout,
            answer_timeout=answer_timeout,
        ) as opened:
            for instance in batch:
                results[instance.path] = send_instance(opened, instance)
    return [results[path] for path in paths]


def _may_go(instance: Instance, transfer_syntaxes: Collection[str]) -> bool:
    return any(o.transfer_syntax_uid in transfer_syntaxes for o in offers(instance.encoded))


def read_instance(path: Path) -> Instance | SendResult:
    """Return what is to be sent, or why it cannot be."""
    try:
        header = pydicom.dcmread(
            path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True
        )
        encoded = Encoded(UID(header.SOPClassUID), UID(header.file_meta.TransferSyntaxUID))
        return Instance(path, str(header.SOPInstanceUID), encoded)
    except (InvalidDicomError, AttributeError, EOFError, ValueError):
        return SendResult(path, "", None, "not a DICOM Part 10 file")
    except OSError as error:
        return SendResult(path, "", None, f"cannot be read: {error.strerror}")


def batches(instances: Iterable[Instance]) -> Iterator[list[Instance]]:
    """Yield runs of instances whose presentation contexts fit into one association."""
    batch: list[Instance] = []
    contexts: set[Encoded] = set()
    for instance in instances:
        more = contexts | set(offers(instance.encoded))
        if len(more) > MOST_CONTEXTS:
            yield batch
            batch, more = [], set(offers(instance.encoded))
        batch.append(instance)
        contexts = more
    if batch:
        yield batch


def read_unpacked(path: Path, syntax: UID) -> Dataset:
    """Return an instance in an uncompressed transfer syntax; it is decoded in this process.

    Raises
    ------
    NotDicomError, PixelDataError
        If it cannot be.
    """
    return as_dataset(part10_as(path, transfer_syntax_uid=syntax))


def as_dataset(answer: Answer) -> Dataset:
    """Return the instance that `study.transcoding.part10_as` wrote."""
    return pydicom.dcmread(BytesIO(answer.body))


def send_instance(
    opened: Association,
    instance: Instance,
    *,
    originator: Originator | None = None,
    unpacked: Callable[[Path, UID], Dataset] = read_unpacked,
) -> SendResult:
    """Send one instance over an association in which we are its sender, and return what became of it.

    Parameters
    ----------
    unpacked
        Reads a file in an uncompressed transfer syntax, where its own is not taken.
    """
    if not opened.is_established:
        return _unanswered(instance)
    accepted = {
        Encoded(UID(c.abstract_syntax), UID(c.transfer_syntax[0]))
        for c in opened.accepted_contexts
        if c.as_scu
    }
    offer = next((o for o in offers(instance.encoded) if o in accepted), None)
    if offer is None:
        reason = f"the destination takes no {instance.encoded.sop_class_uid.name} in this transfer syntax"
        return SendResult(instance.path, instance.instance_uid, None, reason)
    try:
        what = (
            instance.path if offer == instance.encoded else unpacked(instance.path, offer.transfer_syntax_uid)
        )
    except KidrayError as error:
        return SendResult(instance.path, instance.instance_uid, None, str(error), error.retryable)
    try:
        answer = opened.send_c_store(
            what,
            originator_aet=originator.ae_title if originator else None,
            originator_id=originator.message_id if originator else None,
        )
    except RuntimeError:  # the association ended in between
        return _unanswered(instance)
    if "Status" not in answer:
        return _unanswered(instance)
    status = int(answer.Status)
    return SendResult(
        instance.path, instance.instance_uid, status, in_words(status), retryable=may_pass(status)
    )


def _unanswered(instance: Instance) -> SendResult:
    reason = "the association ended without an answer"
    return SendResult(instance.path, instance.instance_uid, None, reason, retryable=True)
