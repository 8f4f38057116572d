"""What follows on a reader's words and verdicts; the reporting room's own review is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from reporting.draft import write_draft
from reporting.review import Reviewer
from study.findings import FindingLabel
from study.history import Drafted, Queued, Segmented, Signed
from study.intake import Intake
from study.jobs import Job, JobQueue, owed_jobs
from study.ledger import Ledger
from study.mark_events import Corrected, MarkKept
from study.marks import DrawnMask, Kept
from study.model import Certainty, Finding, Language, Presence, Region, StudyRecord
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.studies import MODEL, SegmentedStudy, a_segmented_study, append, later
from tests.web_viewer.test_report import sign
from web_viewer.app import create_app
from web_viewer.deps import Services


@pytest.fixture
def client(build_services: Callable[..., Services]) -> Iterator[TestClient]:
    with TestClient(create_app(replace(build_services(), review=Reviewer())), base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def drafted(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    return a_study_of_two_findings(intake, ledger)


def a_study_of_two_findings(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    """A study with free gas (high) and stool (possible), drafted by the template."""
    study = a_segmented_study(intake, ledger)
    record = ledger.held(study.study_uid)
    gas = record.findings[0]
    stool = Finding(
        id=f"constipation@{study.instance_uid}",
        label=FindingLabel.CONSTIPATION,
        radiograph_uid=study.instance_uid,
        presence=Presence.PRESENT,
        certainty=Certainty.LOW,
        probability=0.6,
        operating_point=0.5,
        region=Region.LEFT_LOWER_QUADRANT,
        area_px=900,
        area_mm2=36.0,
        count=1,
    )
    levels = gas.model_copy(
        update={
            "id": f"air_fluid_levels@{study.instance_uid}",
            "label": FindingLabel.AIR_FLUID_LEVELS,
            "presence": Presence.ABSENT,
            "region": None,
            "segment": None,
            "area_px": 0,
            "area_mm2": None,
        }
    )
    segmented = [e for e in ledger.archive.events(study.study_uid) if isinstance(e, Segmented)][-1]
    read = segmented.segmentation.model_copy(update={"findings": [gas, stool, levels]})
    append(ledger, study.study_uid, lambda r: Queued(at=later(r, 3), revision=1, instances=1))
    append(ledger, study.study_uid, lambda r: segmented.model_copy(update={"segmentation": read}))
    append(ledger, study.study_uid, lambda r: Drafted(at=later(r, 4), revision=1, report=template(r)))
    return study


def template(record: StudyRecord):
    return write_draft(
        study_uid=record.study_uid,
        revision=1,
        version=1,
        findings=record.findings,
        radiographs=record.radiographs,
        language=Language.ENGLISH,
        model=MODEL,
        not_read={},
        created_at=later(record, 4),
    )


def words_of(client: TestClient, study: SegmentedStudy) -> dict[str, object]:
    report = client.get(f"/api/studies/{study.study_uid}/report").json()
    sections = ("findings", "impression", "recommendation")
    return {"version": report["version"], **{s: [x["text"] for x in report[s]] for s in sections}}


def check(client: TestClient, study: SegmentedStudy, **sections: list[str]) -> list[tuple[str, str]]:
    body = {**words_of(client, study), **sections}
    answer = client.post(f"/api/studies/{study.study_uid}/report/check", json=body)
    assert answer.status_code == 200, answer.text
    return [(c["rule"], c["finding"]) for c in answer.json()]


def reject(client: TestClient, study: SegmentedStudy, label: str, verdict: str = "rejected") -> Response:
    url = f"/api/studies/{study.study_uid}/findings/{label}@{study.instance_uid}/assessment"
    return client.post(url, json={"assessment": verdict, "reader": "Dr Kim"})


GAS, STOOL = "pneumoperitoneum", "constipation"


def test_the_drafts_own_words_raise_no_objection(client: TestClient, drafted: SegmentedStudy):
    assert check(client, drafted) == []


OWN = [
    ("Free air beneath the diaphragm, 3 cm, larger than yesterday. Surgeon told.", []),
    ("Large pneumoperitoneum with Rigler sign; immediate laparotomy advised.", []),
    ("No pneumoperitoneum.", [("negation", GAS)]),
    ("Possible pneumoperitoneum.", [("certainty", GAS)]),
    ("Free gas in the pelvis.", [("region", GAS)]),
    ("Pneumoperitoneum. No air-fluid levels, possible faecal loading.", []),
    ("Air-fluid levels are present, and pneumoperitoneum.", [("negation", "air_fluid_levels")]),
]


@pytest.mark.parametrize(("text", "objections"), OWN, ids=[o[0] for o in OWN])
def test_a_readers_own_sentence_is_held_to_the_findings_and_to_nothing_else(
    client: TestClient, drafted: SegmentedStudy, text: str, objections: list[tuple[str, str]]
):
    impression = [text, "Possible faecal loading in the left lower quadrant (constipation)."]
    found = check(client, drafted, impression=impression)
    assert [f for f in found if f[0] != "omission"] == objections


def test_the_other_side_and_what_is_left_out_are_told(client: TestClient, drafted: SegmentedStudy):
    found = check(client, drafted, impression=["Pneumoperitoneum.", "Stool in the right lower abdomen."])
    assert found == [("omission", STOOL)]  # "stool" alone names no finding
    found = check(
        client, drafted, impression=["Pneumoperitoneum.", "Possible faecal loading on the right side."]
    )
    assert ("side", STOOL) in found


def test_an_accepted_finding_may_be_stated_more_surely(client: TestClient, drafted: SegmentedStudy):
    impression = ["Pneumoperitoneum.", "Faecal loading."]
    assert check(client, drafted, impression=impression) == [("certainty", STOOL)]
    reject(client, drafted, STOOL, "accepted")
    assert check(client, drafted, impression=impression) == []


def test_a_rejected_finding_that_is_still_asserted_is_told(client: TestClient, drafted: SegmentedStudy):
    reject(client, drafted, GAS)
    assert set(check(client, drafted)) == {("negation", GAS)}
    assert check(client, drafted, findings=["No free gas."], impression=["No pneumoperitoneum."]) == [
        ("omission", STOOL),
        ("omission", STOOL),
    ]


def test_objections_are_kept_with_the_edit_and_refuse_nothing(client: TestClient, drafted: SegmentedStudy):
    body = {**words_of(client, drafted), "impression": ["No pneumoperitoneum."]}
    report = client.put(f"/api/studies/{drafted.study_uid}/report", json=body).json()
    assert [(w["rule"], w["section"]) for w in report["warnings"]] == [
        ("negation", "impression"),
        ("omission", "impression"),
    ]
    assert report["follows"] == 1
    signed = sign(client, drafted, version=2)
    assert signed.status_code == 200
    assert signed.json()["draft"]["warnings"] == report["warnings"]


def test_rejecting_a_finding_offers_the_report_without_it(client: TestClient, drafted: SegmentedStudy):
    url = f"/api/studies/{drafted.study_uid}/report/proposal"
    before = words_of(client, drafted)
    assert client.get(url).json() == before
    reject(client, drafted, GAS)
    offered = client.get(url).json()
    assert offered["impression"] == ["Possible faecal loading in the left lower quadrant (constipation)."]
    assert not [s for s in offered["findings"] if "gas" in s.lower()]
    assert offered["recommendation"] == [before["recommendation"][-1]]
    assert words_of(client, drafted) == before  # offered, not done
    report = client.put(f"/api/studies/{drafted.study_uid}/report", json=offered).json()
    assert report["warnings"] == []
    assert all(s["finding_ids"] for s in report["impression"])


def test_the_proposal_keeps_a_readers_own_sentences(client: TestClient, drafted: SegmentedStudy):
    body = words_of(client, drafted)
    body["impression"] = [*body["impression"], "Umbilical catheter in place."]
    client.put(f"/api/studies/{drafted.study_uid}/report", json=body)
    reject(client, drafted, GAS)
    offered = client.get(f"/api/studies/{drafted.study_uid}/report/proposal").json()
    assert "Umbilical catheter in place." in offered["impression"]
    assert "Pneumoperitoneum." not in offered["impression"]


def test_where_everything_was_rejected_the_rest_is_denied_and_nothing_invented(
    client: TestClient, drafted: SegmentedStudy
):
    reject(client, drafted, GAS)
    reject(client, drafted, STOOL)
    offered = client.get(f"/api/studies/{drafted.study_uid}/report/proposal").json()
    assert offered["impression"] == ["The model finds no evidence of air-fluid levels on this radiograph."]


def add(client: TestClient, study: SegmentedStudy, version: int, *sentences: str) -> Response:
    body = {"version": version, "sentences": list(sentences), "signer": "Dr Lee"}
    return client.post(f"/api/studies/{study.study_uid}/addendum", json=body)


def test_an_addendum_leaves_what_was_signed_and_is_signed_itself(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger, queue: JobQueue
):
    assert add(client, drafted, 1, "Too early.").status_code == 409
    signed = sign(client, drafted).json()["draft"]
    answer = add(client, drafted, 1, "Free gas has been confirmed at surgery.", " ")
    assert answer.status_code == 200, answer.text
    report = answer.json()["draft"]
    assert answer.json()["state"] == "signed"
    assert (report["version"], report["addendum_to"]) == (2, 1)
    assert report["impression"] == signed["impression"]
    (addendum,) = report["addenda"]
    assert [s["text"] for s in addendum["sentences"]] == ["Free gas has been confirmed at surgery."]
    assert addendum["adds_to"] == signed["signature"]
    assert report["signature"]["signer"] == "Dr Lee"
    record = ledger.held(drafted.study_uid)
    assert [s.version for s in record.signed] == [1, 2]
    assert Job.SIGN in owed_jobs(record)
    assert add(client, drafted, 1, "Second opinion.").status_code == 409  # to the newest version only
    assert add(client, drafted, 2, " ").status_code == 409
    assert len(add(client, drafted, 2, "Third.").json()["draft"]["addenda"]) == 2
    events = [e for e in ledger.archive.events(drafted.study_uid) if isinstance(e, Signed)]
    assert events[0].report.addenda == []


def draw_anew(ledger: Ledger, study: SegmentedStudy, area_mm2: float) -> None:
    """Draw the stool anew, as a reader and the job of marks do."""
    mask = DrawnMask(left=0, top=0, width=2, height=1, runs=[0, 2])
    uid = f"{STOOL}@{study.instance_uid}"
    append(
        ledger,
        study.study_uid,
        lambda r: Corrected(
            at=later(r, 6),
            revision=1,
            finding_id=uid,
            radiograph_uid=study.instance_uid,
            reader="Dr Kim",
            mask=mask,
        ),
    )
    record = ledger.held(study.study_uid)
    (correction,) = record.marks.corrections
    stool = next(f for f in record.findings if f.id == uid)
    kept = Kept(series_uid="1.2.826.0.9", instance_uid="1.2.826.0.9.1")
    made = correction.model_copy(update={"seg": kept, "sr": kept})
    after = stool.model_copy(update={"area_mm2": area_mm2, "area_px": 1500, "drawn_by": "Dr Kim"})
    append(
        ledger,
        study.study_uid,
        lambda r: MarkKept(at=later(r, 7), revision=1, correction=made, finding=after),
    )


def test_a_sentence_older_than_the_outline_is_told_and_renewed_by_one_proposal(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    body = words_of(client, drafted)
    body["impression"] = [*body["impression"], "Umbilical catheter in place."]
    client.put(f"/api/studies/{drafted.study_uid}/report", json=body)
    draw_anew(ledger, drafted, 60.0)
    assert check(client, drafted) == [("outdated", STOOL)]
    offered = client.get(f"/api/studies/{drafted.study_uid}/report/proposal").json()
    assert "Umbilical catheter in place." in offered["impression"]
    assert any("0.6 cm" in sentence for sentence in offered["findings"])
    report = client.put(f"/api/studies/{drafted.study_uid}/report", json=offered).json()
    assert report["warnings"] == []
    rests_on = next(o for o in report["observations"] if o["label"] == STOOL)
    assert (rests_on["area_mm2"], rests_on["drawn_by"]) == (60.0, "Dr Kim")


def test_a_report_is_signed_with_an_older_number_and_says_so(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    draw_anew(ledger, drafted, 60.0)
    answer = sign(client, drafted)
    assert answer.status_code == 200, answer.text
    report = answer.json()["draft"]
    assert [w["rule"] for w in report["warnings"]] == ["outdated"]
    rests_on = next(o for o in report["observations"] if o["label"] == STOOL)
    assert rests_on["area_mm2"] == 36.0  # as its words say
