"""The worklist's index over a real Redis: what has not changed is not read again."""

from __future__ import annotations

from study.history import Queued
from study.intake import Intake
from study.ledger import Ledger
from study.state import State
from tests.web_viewer.studies import a_drafted_study, append, later
from web_viewer.worklist_index import Entry, WorklistIndex


def of_everybody(_: Entry) -> bool:
    return True


def test_a_row_is_read_again_only_once_its_study_has_changed(intake: Intake, ledger: Ledger):
    studies = [a_drafted_study(intake, ledger, critical=False) for _ in range(3)]
    index, registry = WorklistIndex(), ledger.registry
    uids = index.find(registry, of_everybody)
    before = index.rows(registry, uids)
    changed = studies[1].study_uid
    append(ledger, changed, lambda record: Queued(at=later(record, 9), revision=1, instances=1))
    assert registry.mark(ledger.held(changed), State.SEGMENTING)  # leaves no event
    after = index.rows(registry, uids)
    assert [row.state for row in after if row.study_uid == changed] == [State.SEGMENTING]
    kept = [new is old for new, old in zip(after, before, strict=True)]
    assert kept == [uid != changed for uid in uids]


def test_rows_come_in_the_order_asked_for_without_studies_that_are_gone(intake: Intake, ledger: Ledger):
    studies = [a_drafted_study(intake, ledger).study_uid for _ in range(3)]
    index, registry = WorklistIndex(), ledger.registry
    assert [row.study_uid for row in index.rows(registry, studies)] == studies
    registry.forget(studies[0])
    assert [row.study_uid for row in index.rows(registry, studies[::-1])] == studies[:0:-1]


def test_what_another_version_wrote_is_not_found_until_it_is_written_anew(intake: Intake, ledger: Ledger):
    study = a_drafted_study(intake, ledger)
    index, registry = WorklistIndex(), ledger.registry
    registry._redis.hset(f"kidray:study:{study.study_uid}", "schema", "of another version")
    assert index.find(registry, of_everybody) == []
    assert index.rows(registry, [study.study_uid]) == []
    registry.publish(ledger.held(study.study_uid))
    assert index.find(registry, of_everybody) == [study.study_uid]


def test_the_patients_of_all_studies_are_known_without_a_header(intake: Intake, ledger: Ledger):
    kim = a_drafted_study(intake, ledger, PatientID="77")
    assert WorklistIndex().patients(ledger.registry) == {kim.study_uid: "77"}
