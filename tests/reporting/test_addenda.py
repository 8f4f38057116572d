from __future__ import annotations

from datetime import timedelta

import pytest

from reporting.headings import report_text
from reporting.sr import report_sr, sr_uids
from study.model import Addendum, Language, Report, Sentence, Signature
from tests.reporting.builders import MODEL, NOW, draft, finding, findings, header

KIM = Signature(signer="Kim^Ji-won", signed_at=NOW)
LEE = Signature(signer="Lee", signed_at=NOW + timedelta(hours=2))


def an_addended(language: Language) -> tuple[Report, Report]:
    signed = draft(findings(finding("constipation", region="pelvis")), language=language).model_copy(
        update={"signature": KIM}
    )
    addendum = Addendum(
        sentences=[Sentence(text="Compared with the CT of today.")], signature=LEE, adds_to=KIM
    )
    added = {"version": 2, "addendum_to": 1, "signature": LEE, "addenda": [addendum]}
    return signed, signed.model_copy(update=added)


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        (Language.ENGLISH, "Addendum by Lee on 2026-03-01 11:30 UTC"),
        (Language.KOREAN, "추가 보고: Lee, 2026-03-01 11:30 UTC"),
    ],
)
def test_an_addendum_is_read_under_who_signed_it_and_after_all_that_was_signed(
    language: Language, heading: str
):
    signed, added = an_addended(language)
    text = report_text(added)
    assert f"{heading}\nCompared with the CT of today." in text
    assert all(s.text in text for s in signed.impression)
    assert text.index(heading) > text.index(signed.limitations[-1].text)


def test_the_sr_of_an_addended_report_holds_what_was_added_and_names_its_predecessor():
    signed, added = an_addended(Language.ENGLISH)
    made = report_sr(
        added,
        findings=[],
        radiographs=[header()],
        results=[],
        model=MODEL,
        uids=sr_uids(added),
        adds_to=signed,
    )
    sections = [i for i in made.ContentSequence if i.ValueType == "CONTAINER"]
    texts = [item.TextValue for item in sections[0].ContentSequence]
    assert texts[0].startswith("Addendum to the report signed on 2026-03-01")
    assert texts[1] == "Compared with the CT of today."
    assert "PredecessorDocumentsSequence" in made
    assert sr_uids(added).instance_uid != sr_uids(signed).instance_uid
