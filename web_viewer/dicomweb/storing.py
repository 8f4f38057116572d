"""Say what became of instances that were to be stored (PS3.18 section 10.5.3). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from study.archive import InstanceReference
from study.errors import (
    ArchiveError,
    ArchiveFullError,
    DatasetMismatchError,
    IdentifierError,
    KidrayError,
    NotDicomError,
    PixelDataError,
)
from web_viewer.dicomweb.dicom_json import Json
from web_viewer.dicomweb.links import instance_url, study_url
from web_viewer.problems import UnsupportedMediaTypeError

DUPLICATE = 0x0111
# PS3.18 table I.2-2; the same codes as C-STORE (PS3.4 table B.2-1)
FAILURE_REASON: dict[type[KidrayError], int] = {
    ArchiveFullError: 0xA700,
    ArchiveError: 0x0110,
    DatasetMismatchError: 0xA900,
    NotDicomError: 0xC000,
    PixelDataError: 0xC000,
    IdentifierError: 0xC000,
    UnsupportedMediaTypeError: 0xC122,
    KidrayError: 0x0110,
}


class Stored(NamedTuple):
    """An instance that is durable now."""

    sop_class_uid: str
    ref: InstanceReference


class Refused(NamedTuple):
    """An instance that was not stored; its UIDs are empty where they could not be read."""

    sop_class_uid: str
    instance_uid: str
    reason: int
    sentence: str


def failure_reason(error: KidrayError) -> int:
    """Return the failure reason for `error`."""
    return next(FAILURE_REASON[kind] for kind in type(error).__mro__ if kind in FAILURE_REASON)


def store_status(stored: Sequence[Stored], refused: Sequence[Refused]) -> int:
    """Return 200 where all were stored, 202 where some were, 409 where none was."""
    if not refused:
        return 200
    return 202 if stored else 409


def store_answer(base: str, stored: Sequence[Stored], refused: Sequence[Refused]) -> Json:
    """Return the Store Instances Response Module (PS3.18 table I.1-1)."""
    answer: Json = {}
    if refused:
        answer["00081198"] = {"vr": "SQ", "Value": [_refused_item(r) for r in refused]}
    if stored:
        if len({s.ref.study_uid for s in stored}) == 1:
            answer["00081190"] = {"vr": "UR", "Value": [study_url(base, stored[0].ref)]}
        answer["00081199"] = {"vr": "SQ", "Value": [_stored_item(base, s) for s in stored]}
    return answer


def _stored_item(base: str, stored: Stored) -> Json:
    return {
        "00081150": {"vr": "UI", "Value": [stored.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [stored.ref.instance_uid]},
        "00081190": {"vr": "UR", "Value": [instance_url(base, stored.ref)]},
    }


def _refused_item(refused: Refused) -> Json:
    item: Json = {
        "00000902": {"vr": "LO", "Value": [refused.sentence[:64]]},
        "00081150": {"vr": "UI", "Value": [refused.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [refused.instance_uid]},
        "00081197": {"vr": "US", "Value": [refused.reason]},
    }
    return {tag: value for tag, value in item.items() if value["Value"] != [""]}
