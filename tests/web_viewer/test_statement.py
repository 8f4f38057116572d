"""What a reader states of a finding, over HTTP: kept, followed by alert and draft, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from inference.marks import Reading, keep_marks
from reporting.review import Reviewer
from reporting.step import draft_study
from study.findings import FindingLabel
from study.history import Drafted, Queued, Segmented
from study.intake import Intake
from study.jobs import Job, JobQueue, owed_jobs
from study.ledger import Ledger
from study.model import Certainty, DraftSource, Finding, Language, Presence, Region
from study.pixels import file_attenuation, file_modality
from study.short_header import file_header
from study.statements import Stated
from study.telemetry import now
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.studies import SegmentedStudy, a_segmented_study, append, later
from tests.web_viewer.test_report import sign
from tests.web_viewer.test_review import template, words_of
from web_viewer.app import create_app
from web_viewer.deps import Services

GAS, STOOL, LEVELS, PYLORUS = "pneumoperitoneum", "constipation", "air_fluid_levels", "pyloric_stenosis"
THERE = {"presence": "present", "certainty": "moderate", "region": "right_upper_quadrant"}
ABSENT = {"presence": "absent"}


@pytest.fixture
def client(build_services: Callable[..., Services]) -> Iterator[TestClient]:
    with TestClient(create_app(replace(build_services(), review=Reviewer())), base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def drafted(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    return a_study_with_stool(intake, ledger)


def a_study_with_stool(intake: Intake, ledger: Ledger, gas: Presence = Presence.ABSENT) -> SegmentedStudy:
    """A study in which the model saw stool, and of free gas what is asked for; drafted by the template."""
    study = a_segmented_study(intake, ledger, critical=gas is not Presence.ABSENT)
    before = [e for e in ledger.archive.events(study.study_uid) if isinstance(e, Segmented)][-1]
    seen = {GAS: gas, STOOL: Presence.PRESENT}
    found = [finding(study, label, seen.get(label, Presence.ABSENT)) for label in FindingLabel]
    read = before.segmentation.model_copy(update={"findings": found})
    append(ledger, study.study_uid, lambda r: Queued(at=later(r, 3), revision=1, instances=1))
    append(ledger, study.study_uid, lambda r: before.model_copy(update={"segmentation": read}))
    append(ledger, study.study_uid, lambda r: Drafted(at=later(r, 4), revision=1, report=template(r)))
    return study


def finding(study: SegmentedStudy, label: FindingLabel, presence: Presence) -> Finding:
    there = presence is not Presence.ABSENT
    return Finding(
        id=f"{label}@{study.instance_uid}",
        label=label,
        radiograph_uid=study.instance_uid,
        presence=presence,
        certainty=Certainty.HIGH if presence is Presence.PRESENT else Certainty.LOW,
        probability=0.9 if presence is Presence.PRESENT else 0.3,
        operating_point=0.5,
        region=Region.LEFT_LOWER_QUADRANT if there else None,
        area_px=900 if there else 0,
        area_mm2=36.0 if there else None,
        count=int(there),
    )


def state(
    client: TestClient,
    study: SegmentedStudy,
    label: str,
    statement: dict[str, str] | None,
    number: int | None = None,
    reader: str | None = "Kim^Minji",
) -> Response:
    url = f"/api/studies/{study.study_uid}/findings/{label}@{study.instance_uid}/statement"
    return client.put(url, json={"statement": statement, "number": number, "reader": reader})


def found(record: dict[str, list[dict[str, object]]], label: str) -> dict[str, object]:
    return next(f for f in record["findings"] if f["label"] == label)


def redraft(ledger: Ledger, study: SegmentedStudy) -> None:
    draft_study(study.study_uid, ledger=ledger, worded=False, language=Language.ENGLISH, clock=now)


def test_free_air_that_the_model_missed_is_stated_without_drawing_it(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger, queue: JobQueue
):
    answer = state(client, drafted, GAS, THERE)
    assert answer.status_code == 200, answer.text
    record = answer.json()
    gas = found(record, GAS)
    assert {name: gas[name] for name in THERE} == THERE
    assert gas["stated"]["reader"] == "Kim^Minji"
    assert gas["stated"]["instead_of"] == {"presence": "absent", "certainty": "low", "region": None}
    assert (record["alert"]["state"], record["critical"]) == ("open", True)
    events = ledger.archive.events(drafted.study_uid)
    (kept,) = [e for e in events if isinstance(e, Stated)]
    assert (kept.reader, kept.finding_id) == ("Kim^Minji", f"{GAS}@{drafted.instance_uid}")
    assert sum(queue.lengths().values()) > 0
    row = next(r for r in client.get("/api/worklist").json()["items"] if r["study_uid"] == drafted.study_uid)
    assert (row["critical"], row["alert"]["state"]) == (True, "open")


def test_a_draft_that_nobody_edited_is_drawn_anew_with_what_was_stated(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    state(client, drafted, GAS, THERE)
    assert Job.DRAFT in owed_jobs(ledger.held(drafted.study_uid))
    redraft(ledger, drafted)
    report = client.get(f"/api/studies/{drafted.study_uid}/report").json()
    assert report["version"] == 2
    assert any("pneumoperitoneum" in s["text"].casefold() for s in report["impression"])
    assert report["recommendation"][0]["rule_id"] == "pneumoperitoneum-surgeon"
    assert report["alert"]["finding_ids"] == [f"{GAS}@{drafted.instance_uid}"]
    assert Job.DRAFT not in owed_jobs(ledger.held(drafted.study_uid))
    back = state(client, drafted, GAS, None, number=number_of(client, drafted))
    assert back.status_code == 200, back.text
    redraft(ledger, drafted)
    report = client.get(f"/api/studies/{drafted.study_uid}/report").json()
    assert (
        report["impression"] == template(ledger.held(drafted.study_uid)).model_dump(mode="json")["impression"]
    )
    assert not report["critical"]


def number_of(client: TestClient, study: SegmentedStudy, label: str = GAS) -> int | None:
    stated = found(client.get(f"/api/studies/{study.study_uid}").json(), label)["stated"]
    return stated["number"] if stated else None


def edited(client: TestClient, study: SegmentedStudy, own: str) -> dict[str, object]:
    words = words_of(client, study)
    words["impression"] = [*words["impression"], own]
    answer = client.put(f"/api/studies/{study.study_uid}/report", json=words)
    assert answer.json()["wording"]["source"] == DraftSource.RADIOLOGIST
    return words_of(client, study)


def test_in_an_edited_draft_the_older_sentences_are_told_and_renewed_and_own_words_stay(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    own = "Gastric tube in the stomach."
    words = edited(client, drafted, own)
    state(client, drafted, GAS, THERE)
    assert Job.DRAFT not in owed_jobs(ledger.held(drafted.study_uid))
    url = f"/api/studies/{drafted.study_uid}/report"
    told = client.post(f"{url}/check", json=words).json()
    assert {(c["rule"], c["finding"]) for c in told} == {("outdated", GAS), ("omission", GAS)}
    proposal = client.get(f"{url}/proposal").json()
    assert own in proposal["impression"]
    assert any("pneumoperitoneum" in text.casefold() for text in proposal["impression"])
    assert not any("No pneumoperitoneum" in text for text in proposal["findings"])
    assert client.post(f"{url}/check", json={**words, **proposal}).json() == []
    assert client.put(url, json=proposal).status_code == 200
    signed = sign(client, drafted, version=3).json()["draft"]
    gas = next(o for o in signed["observations"] if o["label"] == GAS)
    assert (gas["presence"], gas["stated"]["reader"], gas["assessment"]) == (
        "present",
        "Kim^Minji",
        "accepted",
    )
    assert (signed["warnings"], signed["critical"]) == ([], True)


def test_a_readers_own_words_are_held_to_what_the_reader_states(client: TestClient, drafted: SegmentedStudy):
    own = "Pneumoperitoneum below the right hemidiaphragm."
    words = edited(client, drafted, own)
    url = f"/api/studies/{drafted.study_uid}/report/check"

    def objections() -> list[str]:
        return [c["rule"] for c in client.post(url, json=words).json() if c["sentence"] == own]

    assert objections() == ["negation"]
    state(client, drafted, GAS, THERE)
    assert objections() == []
    state(client, drafted, GAS, ABSENT, number_of(client, drafted))
    assert objections() == ["negation"]


@pytest.mark.parametrize("presence", [Presence.PRESENT, Presence.INDETERMINATE])
def test_stating_the_finding_absent_withdraws_its_alert(
    client: TestClient, intake: Intake, ledger: Ledger, presence: Presence
):
    study = a_study_with_stool(intake, ledger, presence)
    record = state(client, study, GAS, ABSENT).json()
    assert (record["alert"]["state"], record["alert"]["withdrawal"]) == ("withdrawn", "rejected")
    redraft(ledger, study)
    report = client.get(f"/api/studies/{study.study_uid}/report").json()
    assert (report["critical"], report["alert"]) == (False, None)
    again = state(client, study, GAS, None, number_of(client, study)).json()
    assert again["alert"]["state"] == "open"
    assert again["alert"]["raised"] == 2


def test_who_states_it_second_is_told_of_the_first_and_may_then_replace_it(
    client: TestClient, drafted: SegmentedStudy
):
    first = found(state(client, drafted, STOOL, ABSENT).json(), STOOL)["stated"]["number"]
    refused = state(client, drafted, STOOL, {**THERE, "region": "pelvis"}, reader="Lee^Jun")
    assert (refused.status_code, "meanwhile" in refused.json()["detail"]) == (409, True)
    after = state(client, drafted, STOOL, {**THERE, "region": "pelvis"}, first, "Lee^Jun").json()
    stool = found(after, STOOL)
    assert (stool["region"], stool["stated"]["reader"]) == ("pelvis", "Lee^Jun")
    assert stool["stated"]["instead_of"]["certainty"] == "high"  # the model's, not the first reader's


def test_what_was_stated_may_be_drawn_afterwards_and_is_then_as_drawn(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    state(client, drafted, GAS, {**THERE, "region": "left_lower_quadrant"})
    path = f"/api/studies/{drafted.study_uid}/findings/{GAS}@{drafted.instance_uid}/mask"
    mask = {"left": 4, "top": 4, "width": 6, "height": 5, "runs": [0, 30]}
    assert client.post(path, json={"mask": mask, "reader": "Lee^Jun"}).status_code == 200
    reading = Reading(file_header, file_attenuation, file_modality)
    keep_marks(drafted.study_uid, ledger=ledger, reading=reading)
    gas = found(client.get(f"/api/studies/{drafted.study_uid}").json(), GAS)
    assert (gas["stated"], gas["drawn_by"], gas["area_px"]) == (None, "Lee^Jun", 30)
    assert gas["region"] != "left_lower_quadrant"
    redraft(ledger, drafted)
    report = client.get(f"/api/studies/{drafted.study_uid}/report").json()
    assert any("Free gas: area" in s["text"] for s in report["findings"])
    assert report["critical"]


def test_a_signed_report_takes_no_statement(client: TestClient, drafted: SegmentedStudy):
    assert sign(client, drafted).status_code == 200
    refused = state(client, drafted, GAS, THERE)
    assert (refused.status_code, "signed" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("label", "statement", "reader", "status"),
    [
        ("no_such_finding", THERE, "Kim^Minji", 404),
        (GAS, {**THERE, "region": "pelvis"}, "Kim^Minji", 400),
        (PYLORUS, {**THERE, "region": "left_lower_quadrant"}, "Kim^Minji", 400),
        (GAS, {**THERE, "presence": "perhaps"}, "Kim^Minji", 422),
        (GAS, THERE, None, 400),
        (GAS, THERE, "a\\b", 422),
    ],
    ids=["no such finding", "free gas in the pelvis", "a stomach below", "no presence", "no name", "no PN"],
)
def test_what_cannot_be_stated_is_refused(
    client: TestClient,
    drafted: SegmentedStudy,
    ledger: Ledger,
    label: str,
    statement: dict[str, str],
    reader: str | None,
    status: int,
):
    before = ledger.held(drafted.study_uid).version
    assert state(client, drafted, label, statement, reader=reader).status_code == status
    assert ledger.held(drafted.study_uid).version == before


def test_what_changes_nothing_is_no_event(client: TestClient, drafted: SegmentedStudy, ledger: Ledger):
    before = ledger.held(drafted.study_uid).version
    assert state(client, drafted, LEVELS, ABSENT).status_code == 200
    assert state(client, drafted, LEVELS, None).status_code == 200
    same = {"presence": "present", "certainty": "high", "region": "left_lower_quadrant"}
    assert state(client, drafted, STOOL, same).status_code == 200
    assert ledger.held(drafted.study_uid).version == before


def test_a_statement_is_in_the_audit_trail_and_names_no_patient(
    client: TestClient, drafted: SegmentedStudy, build_services: Callable[..., Services]
):
    state(client, drafted, GAS, THERE)
    lines = [
        line
        for file in (build_services().settings.home / "audit").iterdir()
        for line in file.read_text().splitlines()
        if "state_finding" in line
    ]
    assert len(lines) == 1
    assert drafted.study_uid in lines[0]
    assert "DOE" not in lines[0]


def test_where_each_finding_may_be_stated_is_in_the_table_of_findings(client: TestClient):
    rows = {row["label"]: row["regions"] for row in client.get("/api/findings").json()}
    assert "pelvis" not in rows[GAS]
    assert set(rows[PYLORUS]) == {
        "right_upper_quadrant",
        "left_upper_quadrant",
        "upper_abdomen",
        "central_abdomen",
    }
    assert len(rows[STOOL]) == len(Region)
