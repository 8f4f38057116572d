"""What a radiologist adds to a signed report. Pure: the clock is an argument."""

from __future__ import annotations

from datetime import datetime

from study.errors import StateError
from study.history import Signed
from study.model import Addendum, DraftSource, Sentence, Signature, StudyRecord
from study.state import State
from web_viewer.editing import draft_of
from web_viewer.schemas import AddendumRequest


def add(record: StudyRecord, wish: AddendumRequest, *, at: datetime) -> Signed:
    """Return the event of an addendum: the signed report as it stood, what is added, a new signature.

    Nothing of what was signed changes. It is written and signed in one step, so that a signed study is
    never a draft again because of it.

    Raises
    ------
    NotInArchiveError
        If there is no report.
    StateError
        If the report is not signed, was added to meanwhile, or nothing is added.
    """
    report = draft_of(record)
    before = report.signature
    if record.state != State.SIGNED or before is None:
        raise StateError(f"the study is {record.state}; an addendum is made to a signed report")
    if wish.version != report.version:
        raise StateError(
            f"the report was added to meanwhile: version {wish.version} was shown, "
            f"{report.version} is the newest; load it again"
        )
    sentences = [Sentence(text=text.strip()) for text in wish.sentences if text.strip()]
    if not sentences:
        raise StateError("the addendum is empty; write what is to be added")
    signature = Signature(signer=wish.signer or "", signed_at=at)
    addendum = Addendum(sentences=sentences, signature=signature, adds_to=before)
    changes = {
        "version": report.version + 1,
        "follows": report.version,
        "addendum_to": report.version,
        "addenda": [*report.addenda, addendum],
        "signature": signature,
        "created_at": at,
        "wording": report.wording.model_copy(update={"source": DraftSource.RADIOLOGIST}),
        "sr_series_uid": None,
        "sr_instance_uid": None,
    }
    return Signed(at=at, revision=record.revision, report=report.model_copy(update=changes))
