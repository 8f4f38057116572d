"""A draft is written anew in the other language; what its reader wrote stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from study.ledger import Ledger
from tests.web_viewer.studies import SegmentedStudy
from tests.web_viewer.test_review import client, drafted, reject, words_of  # noqa: F401 (fixtures)

SECTIONS = ("findings", "impression", "recommendation")


def switch(client: TestClient, study: SegmentedStudy, version: int, language: str) -> Any:  # noqa: F811
    body = {"version": version, "language": language}
    return client.post(f"/api/studies/{study.study_uid}/report/language", json=body)


def test_there_and_back_again_the_template_says_the_same(client: TestClient, drafted: SegmentedStudy):  # noqa: F811
    path = f"/api/studies/{drafted.study_uid}/report"
    before = client.get(path).json()
    korean = switch(client, drafted, 1, "ko").json()
    assert (korean["version"], korean["language"], korean["wording"]["source"]) == (2, "ko", "template")
    for section in (*SECTIONS, "technique", "limitations"):
        assert len(korean[section]) == len(before[section])
        for one, other in zip(before[section], korean[section], strict=True):
            assert one["finding_ids"] == other["finding_ids"]
            assert one["text"] != other["text"]
    assert korean["comparison"] != before["comparison"]
    assert korean["warnings"] == []
    english = switch(client, drafted, 2, "en").json()
    assert english["version"] == 3
    for said in (*SECTIONS, "technique", "comparison", "limitations", "disclaimer", "language"):
        assert english[said] == before[said]


def test_own_words_stay_and_what_was_rejected_stays_out(client: TestClient, drafted: SegmentedStudy):  # noqa: F811
    body = words_of(client, drafted)
    body["impression"] = [*body["impression"], "Seen by me."]  # type: ignore[misc]
    client.put(f"/api/studies/{drafted.study_uid}/report", json=body)
    reject(client, drafted, "constipation")
    korean = switch(client, drafted, 2, "ko").json()
    assert korean["impression"][-1]["text"] == "Seen by me."
    assert korean["wording"]["source"] == "radiologist"
    stool = f"constipation@{drafted.instance_uid}"
    assert all(stool not in s["finding_ids"] for section in SECTIONS for s in korean[section])


def test_a_sentence_that_the_reader_took_out_or_put_otherwise_does_not_come_back(
    client: TestClient,  # noqa: F811
    drafted: SegmentedStudy,  # noqa: F811
):
    template = client.get(f"/api/studies/{drafted.study_uid}/report").json()
    body = words_of(client, drafted)
    taken = body["findings"].pop(0)  # type: ignore[attr-defined]
    body["impression"] = ["In my own words.", *body["impression"][1:]]  # type: ignore[index]
    client.put(f"/api/studies/{drafted.study_uid}/report", json=body)
    korean = switch(client, drafted, 2, "ko").json()
    assert len(korean["findings"]) == len(template["findings"]) - 1
    assert [s["finding_ids"] for s in korean["findings"]] == [
        s["finding_ids"] for s in template["findings"][1:]
    ]
    assert len(korean["impression"]) == len(template["impression"])
    assert korean["impression"][-1]["text"] == "In my own words."
    english = switch(client, drafted, 3, "en").json()
    assert english["findings"] == template["findings"][1:]
    assert taken not in [s["text"] for s in english["findings"]]
    assert english["recommendation"] == template["recommendation"]


def test_the_same_language_changes_nothing(client: TestClient, drafted: SegmentedStudy):  # noqa: F811
    assert switch(client, drafted, 1, "en").json()["version"] == 1


@pytest.mark.parametrize(("version", "language", "status"), [(7, "ko", 409), (1, "fr", 422)])
def test_a_stale_version_and_an_unknown_language_are_refused(
    client: TestClient,  # noqa: F811
    drafted: SegmentedStudy,  # noqa: F811
    version: int,
    language: str,
    status: int,
):
    assert switch(client, drafted, version, language).status_code == status


def test_a_signed_report_is_in_the_language_that_it_was_signed_in(
    client: TestClient,  # noqa: F811
    drafted: SegmentedStudy,  # noqa: F811
    ledger: Ledger,
):
    client.post(f"/api/studies/{drafted.study_uid}/sign", json={"version": 1, "signer": "Kim^Minji"})
    assert switch(client, drafted, 1, "ko").status_code == 409
    assert ledger.held(drafted.study_uid).draft.language == "en"  # type: ignore[union-attr]
