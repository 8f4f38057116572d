from __future__ import annotations

from fastapi.testclient import TestClient

from study.history import Delivered
from study.intake import Intake
from study.ledger import Ledger
from study.model import Delivery, DeliveryState
from study.state import State
from tests.web_viewer.studies import a_drafted_study, a_failed_study, a_skipped_study, append, later


def items(client: TestClient, **parameters: object) -> list[dict[str, object]]:
    answer = client.get("/api/worklist", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_an_empty_worklist_is_a_page_without_items(client: TestClient):
    assert client.get("/api/worklist").json() == {"items": [], "total": 0}


def test_a_possible_pneumoperitoneum_comes_before_what_is_newer(
    client: TestClient, intake: Intake, ledger: Ledger
):
    critical = a_drafted_study(intake, ledger, critical=True)
    newer = a_drafted_study(intake, ledger, critical=False)
    newest = a_drafted_study(intake, ledger, critical=False)
    order = [item["study_uid"] for item in items(client)]
    assert order == [critical.study_uid, newest.study_uid, newer.study_uid]


def test_a_row_holds_what_a_radiologist_looks_for(client: TestClient, intake: Intake, ledger: Ledger):
    study = a_drafted_study(intake, ledger)
    (row,) = items(client)
    assert row["state"] == "drafted"
    assert row["critical"] is True
    assert row["summary"]["patient_name"] == "DOE^JANE"
    assert row["summary"]["patient_age"] == "003M"
    assert row["seconds_to_draft"] == 4.0
    assert row["signed_by"] is None
    assert row["findings"] == [
        {
            "id": study.finding_id,
            "label": "pneumoperitoneum",
            "presence": "present",
            "certainty": "high",
            "probability": 0.97,
            "region": "upper_abdomen",
            "area_mm2": 12.0,
            "area_px": 300,
            "count": 1,
        }
    ]


def test_a_study_that_was_not_read_says_why(client: TestClient, intake: Intake, ledger: Ledger):
    a_skipped_study(intake, ledger, "body part is CHEST")
    a_failed_study(intake, ledger, "the pixel data is short")
    failed, skipped = items(client)
    assert (skipped["state"], skipped["reason"]) == ("skipped", "body part is CHEST")
    assert (failed["state"], failed["failed_stage"], failed["retryable"]) == ("failed", "segment", True)


def test_the_worklist_is_filtered_by_state_words_and_accession_number(
    client: TestClient, intake: Intake, ledger: Ledger
):
    jane = a_drafted_study(intake, ledger, AccessionNumber="A1")
    kim = a_drafted_study(intake, ledger, PatientName="KIM^MINJI", PatientID="77", AccessionNumber="A2")
    skipped = a_skipped_study(intake, ledger, "chest")

    def uids(**parameters: object) -> set[object]:
        return {item["study_uid"] for item in items(client, **parameters)}

    assert uids(q="minji kim") == {kim.study_uid}
    assert uids(q="pid-47") == {jane.study_uid, skipped}
    assert uids(q="nobody") == set()
    assert uids(accession="A2") == {kim.study_uid}
    assert uids(accession="A") == set()
    assert uids(state="skipped") == {skipped}
    assert uids(state="", q="", accession="") == {jane.study_uid, kim.study_uid, skipped}
    assert uids(state=["skipped", "drafted"], q="jane") == {jane.study_uid, skipped}


def test_a_search_sees_what_changed_since_the_last_one(client: TestClient, intake: Intake, ledger: Ledger):
    study = a_drafted_study(intake, ledger)
    assert len(items(client, state="drafted")) == 1
    client.post(f"/api/studies/{study.study_uid}/reprocess")
    assert items(client, state="drafted") == []
    record = ledger.held(study.study_uid)
    assert ledger.registry.mark(record, State.SEGMENTING)  # leaves no event
    assert [item["study_uid"] for item in items(client, state="segmenting")] == [study.study_uid]
    ledger.registry.forget(study.study_uid)
    assert items(client, state="segmenting") == []


def test_a_search_keeps_the_reading_order(client: TestClient, intake: Intake, ledger: Ledger):
    for critical in (True, False, False, True, False):
        a_drafted_study(intake, ledger, critical=critical)
    assert items(client, q="doe") == items(client)


def test_a_page_is_a_part_and_says_how_many_there_are(client: TestClient, intake: Intake, ledger: Ledger):
    for _ in range(3):
        a_drafted_study(intake, ledger, critical=False)
    whole = [item["study_uid"] for item in items(client)]
    page = client.get("/api/worklist", params={"limit": 1, "offset": 1}).json()
    assert [item["study_uid"] for item in page["items"]] == whole[1:2]
    assert page["total"] == 3
    searched = client.get("/api/worklist", params={"limit": 1, "offset": 2, "q": "doe"}).json()
    assert [item["study_uid"] for item in searched["items"]] == whole[2:]
    assert searched["total"] == 3


def test_a_malformed_question_is_answered_with_one_sentence(client: TestClient):
    answer = client.get("/api/worklist", params={"limit": "many"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("limit: ")


def test_studies_are_found_by_how_far_their_results_are_and_by_who_signed(
    client: TestClient, intake: Intake, ledger: Ledger
):
    studies = {state: a_drafted_study(intake, ledger) for state in ("sent", "pending", "failed", "none")}
    for state, study in studies.items():
        if state != "none":
            delivery = Delivery(
                destination="PACS",
                series_uid=study.series_uid,
                instance_uid=study.instance_uid,
                kind="SEG",
                state=DeliveryState(state),
            )
            append(
                ledger,
                study.study_uid,
                lambda r, d=delivery: Delivered(at=later(r, 9), revision=1, delivery=d),
            )
    for state, study in studies.items():
        assert [item["study_uid"] for item in items(client, delivery=state)] == [study.study_uid]
    wish = {"signer": "Kim^Minji", "version": 1}
    assert client.post(f"/api/studies/{studies['sent'].study_uid}/sign", json=wish).status_code == 200
    assert [item["study_uid"] for item in items(client, q="minji")] == [studies["sent"].study_uid]
    assert client.get("/api/worklist", params={"delivery": "nowhere"}).status_code == 422
