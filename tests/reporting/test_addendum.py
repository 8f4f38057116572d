from __future__ import annotations

import pytest

from reporting.objects import store_report
from reporting.signing import sign_study
from study.history import Signed
from study.ledger import Ledger
from study.model import Language, Signature
from tests.reporting.builders import NOW, STUDY
from tests.reporting.test_step import MADE, held_sr, put, run, segment, segmented

__all__ = ["segmented"]  # a fixture


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (Language.ENGLISH, "Addendum to the report signed on 2026-03-01 at 09:30 UTC."),
        (Language.KOREAN, "2026-03-01 09:30 UTC에 서명된 판독문에 대한 추가 판독임."),
    ],
)
def test_an_addendum_names_the_signed_report_that_it_adds_to(
    segmented: Ledger, language: Language, sentence: str, stored: bool
):
    """Whether the signed report's SR is made before the late instance is drafted, or after."""
    draft = run(segmented, language=language).draft
    assert draft is not None
    first = held_sr(segmented, draft.sr_series_uid, draft.sr_instance_uid)
    assert "PredecessorDocumentsSequence" not in first
    assert sentence not in str(first)
    unsigned = {"sr_series_uid": None, "sr_instance_uid": None}
    signed = draft.model_copy(update={"signature": Signature(signer="Dr Lee", signed_at=NOW), **unsigned})
    put(segmented, Signed(at=NOW, revision=1, report=signed))
    if stored:
        sign_study(STUDY, ledger=segmented)
    segment(segmented, MADE)
    addendum = run(segmented, language=language).draft
    assert addendum is not None
    dataset = held_sr(segmented, addendum.sr_series_uid, addendum.sr_instance_uid)
    series = dataset.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    predecessor = series.ReferencedSOPSequence[0]
    made = store_report(signed, segmented.held(STUDY), segmented.archive)
    assert series.SeriesInstanceUID == made.sr_series_uid
    assert predecessor.ReferencedSOPInstanceUID == made.sr_instance_uid
    held = held_sr(segmented, series.SeriesInstanceUID, predecessor.ReferencedSOPInstanceUID)
    assert held.VerificationFlag == "VERIFIED"
    assert predecessor.ReferencedSOPClassUID == held.SOPClassUID
    sections = [i for i in dataset.ContentSequence if i.ValueType == "CONTAINER"]
    assert sections[0].ContentSequence[0].TextValue == sentence
