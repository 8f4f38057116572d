"""Every reason for not reading an image has a code, and words in both languages."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest

from study.body_parts import ABDOMEN, REGION_CODES
from study.history import EVENT, Queued, Received, Skipped, fold
from study.image_kind import ImageKind, why_unread
from study.model import StudySummary
from study.unread import KOREAN_TERMS, WORDS, Unread, UnreadCode, worded

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
PARAMETERS = {
    "where": "protocol", "part": "CHEST", "years": "18", "rule": "no casts", "rows": "64",
    "columns": "2048", "detail": "the pixel data is short",
}  # fmt: skip


def _of(code: UnreadCode) -> Unread:
    needed = {*re.findall(r"\{(\w+)\}", "".join(WORDS[code]))}
    return Unread.of(code, **{name: PARAMETERS[name] for name in needed})


@pytest.mark.parametrize("code", UnreadCode)
def test_every_code_is_worded_in_both_languages(code):
    unread = _of(code)
    english, korean = worded(unread, "en"), worded(unread, "ko")
    assert english
    assert "{" not in english + korean
    if code is not UnreadCode.OTHER:
        assert any("가" <= letter <= "힣" for letter in korean)
        assert not any("가" <= letter <= "힣" for letter in english)


@pytest.mark.parametrize("code", [c for c in UnreadCode if c is not UnreadCode.OTHER])
def test_the_words_of_an_older_archive_are_understood(code):
    unread = _of(code)
    assert Unread.model_validate(unread.text) == unread


def test_words_that_no_code_stands_for_are_kept():
    unread = Unread.model_validate("the moon was full")
    assert (unread.code, unread.text) == (UnreadCode.OTHER, "the moon was full")
    assert worded(unread, "ko") == "the moon was full"
    assert not unread.code.is_stated


def test_every_kind_of_image_that_is_not_read_has_a_code():
    for kind in ImageKind:
        if kind.is_readable:
            with pytest.raises(ValueError, match="is not a valid UnreadCode"):
                why_unread(kind)
        else:
            assert why_unread(kind).code.value.endswith(kind.value)


def test_every_body_part_of_the_tables_has_a_korean_name():
    assert {*REGION_CODES.values()} - {ABDOMEN} <= KOREAN_TERMS.keys()


def test_the_detail_of_an_error_is_for_technicians_alone():
    unread = Unread.of(UnreadCode.UNREADABLE, detail="the pixel data is short")
    assert unread.text == "the file cannot be read: the pixel data is short"
    assert worded(unread, "en") == "the file cannot be read"


def _skipped(**event: object) -> list[Unread]:
    received = Received(at=NOW, revision=1, calling_ae_title="CT", summary=StudySummary())
    raw = {"kind": "skipped", "at": NOW.isoformat(), "revision": 1, **event}
    skipped = EVENT.validate_python(raw)
    assert isinstance(skipped, Skipped)
    record = fold("1.2", [received, Queued(at=NOW, revision=1, instances=1), skipped])
    assert record is not None
    again = fold("1.2", [received, Queued(at=NOW, revision=1, instances=1)])
    assert again is not None
    assert again.why_skipped == []
    return record.why_skipped


def test_an_event_of_an_older_archive_folds_into_codes():
    chest = "body part is CHEST; the model reads the abdomen only"
    side = "the view is lateral or oblique; the model reads frontal views only"
    assert [u.code for u in _skipped(reason="x", not_read={"1.3": chest, "1.4": side, "1.5": chest})] == [
        UnreadCode.OTHER_BODY_PART,
        UnreadCode.FROM_THE_SIDE,
    ]
    assert _skipped(reason="the study holds no radiograph") == [Unread.of(UnreadCode.NO_RADIOGRAPH)]
    assert _skipped(reason=f"{chest}; {side}")[0].code in {UnreadCode.OTHER, UnreadCode.OTHER_BODY_PART}


def test_a_record_keeps_its_codes_through_json():
    record = fold(
        "1.2",
        [
            Received(at=NOW, revision=1, calling_ae_title="CT", summary=StudySummary()),
            Queued(at=NOW, revision=1, instances=1),
            Skipped(at=NOW, revision=1, reason="a", not_read={"1.3": Unread.of(UnreadCode.BLANK)}),
        ],
    )
    assert record is not None
    assert type(record).model_validate_json(record.model_dump_json()) == record
