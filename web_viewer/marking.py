"""What a reader's drawing on a radiograph makes of a study. Pure: the clock is an argument."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from study.errors import NotInArchiveError, PixelDataError, StateError
from study.mark_events import Corrected, KeyImagesMarked, Measured
from study.marks import MOST_ANNOTATIONS, Annotation, DrawnMask
from study.model import UID, StudyRecord
from study.state import State
from web_viewer.schemas import PersonName, Wire

MOST_KEY_IMAGES = 200


class MaskCorrection(Wire):
    """A finding's mask as a reader drew it."""

    mask: DrawnMask
    reader: PersonName | None = Field(None, description="Who drew it; a login with a name draws as that.")


class Measurements(Wire):
    """All measurements, arrows and texts of a radiograph."""

    annotations: Annotated[list[Annotation], Field(max_length=MOST_ANNOTATIONS)]
    number: int | None = Field(
        None, description="Of the set that they replace, null where there was none; 409 where it is older."
    )
    reader: PersonName | None = Field(None, description="Who measured; a login with a name measures as that.")


class KeyImageChoice(Wire):
    """The radiographs that are key images."""

    radiograph_uids: Annotated[list[UID], Field(max_length=MOST_KEY_IMAGES)]
    reader: PersonName | None = Field(None, description="Who chose; a login with a name chooses as that.")


def correct(record: StudyRecord, finding_id: str, mask: DrawnMask, reader: str, *, at: datetime) -> Corrected:
    """Return the event of a mask that a reader drew for a finding.

    Raises
    ------
    NotInArchiveError
        If the study has no such finding.
    StateError
        If the report is signed.
    PixelDataError
        If the mask reaches beyond the radiograph.
    """
    finding = next((f for f in record.findings if f.id == finding_id), None)
    if finding is None:
        raise NotInArchiveError("the study has no such finding")
    _check_open(record)
    uid = finding.radiograph_uid
    radiograph = next((r for r in record.radiographs if r.instance_uid == uid), None)
    if radiograph is None or not mask.fits(radiograph.rows, radiograph.columns):
        raise PixelDataError("the mask reaches beyond the radiograph")
    return Corrected(
        at=at, revision=record.revision, finding_id=finding_id, radiograph_uid=uid, reader=reader, mask=mask
    )


def measure(
    record: StudyRecord, radiograph_uid: str, wish: Measurements, reader: str, *, at: datetime
) -> Measured | None:
    """Return the event of a radiograph's measurements; None where they change nothing.

    Raises
    ------
    StateError
        If the report is signed, or somebody else measured meanwhile.
    """
    _check_open(record)
    held = next((a for a in record.marks.annotations if a.radiograph_uid == radiograph_uid), None)
    if (held.number if held else None) != wish.number:
        raise StateError("somebody else measured on this radiograph meanwhile; load it again")
    if (held.annotations if held else []) == wish.annotations:
        return None
    return Measured(
        at=at,
        revision=record.revision,
        radiograph_uid=radiograph_uid,
        reader=reader,
        annotations=wish.annotations,
    )


def mark_key_images(
    record: StudyRecord, wish: KeyImageChoice, held: set[str], reader: str, *, at: datetime
) -> KeyImagesMarked | None:
    """Return the event of a choice of key images; None where it changes nothing.

    Parameters
    ----------
    held
        The study's radiographs.

    Raises
    ------
    NotInArchiveError
        If one of them is not a radiograph of the study.
    StateError
        If the report is signed.
    """
    _check_open(record)
    if not held.issuperset(wish.radiograph_uids):
        raise NotInArchiveError("a key image is not a radiograph of this study")
    chosen = list(dict.fromkeys(wish.radiograph_uids))
    before = record.marks.key_images
    if chosen == (before.radiograph_uids if before else []):
        return None
    return KeyImagesMarked(at=at, revision=record.revision, radiograph_uids=chosen, reader=reader)


def _check_open(record: StudyRecord) -> None:
    if record.state == State.SIGNED:
        raise StateError("the report is signed; what it rests on can no longer be changed")
