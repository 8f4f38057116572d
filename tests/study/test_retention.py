"""What may leave the archive, what leaves, and what is kept of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid
from typer.testing import CliRunner

import cli
from study.archive import Archive, _put_back
from study.errors import ArchiveError, ConflictError, SettingsError, StateError
from study.history import Delivered, Drafted, Event, Queued, Received, Segmented, Signed
from study.jobs import JobQueue
from study.ledger import Ledger
from study.mark_events import KeyImagesMarked
from study.model import (
    Commitment,
    Delivery,
    DeliveryState,
    Finding,
    ModelIdentity,
    Radiograph,
    Report,
    Segmentation,
    StudySummary,
)
from study.reconcile import Reconciler
from study.registry import Registry
from study.retention import RECORD, Held, Retention, leaving, look, room_needed, take_leave
from study.settings import load_settings
from tests.study.radiographs import radiograph
from tests.study.reports import empty_report
from tests.study.test_alerts import acknowledged, found

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
PIXELS = np.zeros((4, 4), np.uint16)
MODEL = ModelIdentity(name="test", version="1", sha256="0" * 64, disclaimer="")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "home" / "archive")


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("KIDRAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KIDRAY_REDIS_URL", redis_url)
    monkeypatch.setenv("KIDRAY_PACS", "PACS@127.0.0.1:104")


def report(study_uid: str, *, sr: str | None = None, signed: bool = False) -> Report:
    return empty_report(study_uid, NOW, signed=signed, sr=sr)


def drafted(
    ledger: Ledger, *, days_ago: float = 0.0, delivered: bool = False, findings: Sequence[Finding] = ()
) -> str:
    """Put a study whose draft awaits its signature into the archive, and return its UID."""
    sent, sr = radiograph(PIXELS), radiograph(PIXELS)
    uid = sr.StudyInstanceUID = str(sent.StudyInstanceUID)
    sent.PatientName = "HONG^GILDONG"
    for dataset in (sent, sr):
        ledger.archive.write_dataset(dataset)
    at = NOW - timedelta(days=days_ago)
    seen = Radiograph(
        series_uid=sent.SeriesInstanceUID,
        instance_uid=sent.SOPInstanceUID,
        sop_class_uid=sent.SOPClassUID,
        rows=4,
        columns=4,
        sr_instance_uid=sr.SOPInstanceUID,
    )
    segmentation = Segmentation(model=MODEL, radiographs=[seen], findings=list(findings))
    add(
        ledger,
        uid,
        Received(at=at, revision=1, calling_ae_title="CR", summary=StudySummary(patient_name="HONG^GILDONG")),
        Queued(at=at, revision=1, instances=1),
        Segmented(at=at, revision=1, segmentation=segmentation),
        Drafted(at=at, revision=1, report=report(uid)),
    )
    if delivered:
        deliver(ledger, uid, str(sr.SOPInstanceUID), at=at)
    return uid


def add(ledger: Ledger, study_uid: str, *events: Event) -> None:
    for event in events:
        ledger.append(study_uid, lambda _, event=event: event)


def deliver(
    ledger: Ledger,
    study_uid: str,
    instance_uid: str,
    *,
    state: DeliveryState = DeliveryState.SENT,
    at: datetime = NOW,
) -> None:
    delivery = Delivery(
        destination="PACS", series_uid="1.2", instance_uid=instance_uid, kind="SR", state=state, at=at
    )
    add(ledger, study_uid, Delivered(at=at, revision=1, delivery=delivery))


def kept(ledger: Ledger, study_uid: str) -> str | None:
    return look(ledger, study_uid, load_settings().policies).kept_because


def kidray(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["studies", "purge", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def lines(archive: Archive) -> list[dict[str, object]]:
    path = archive.root / RECORD
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_nothing_leaves_before_its_delivery_is_confirmed(ledger: Ledger) -> None:
    uid = drafted(ledger)
    sr = str(ledger.held(uid).radiographs[0].sr_instance_uid)
    assert kept(ledger, uid) == "1 results are not confirmed by their destination"
    for state in (DeliveryState.PENDING, DeliveryState.FAILED):
        deliver(ledger, uid, sr, state=state)
        assert kept(ledger, uid) == "1 results are not confirmed by their destination"
    deliver(ledger, uid, sr)
    assert kept(ledger, uid) is None


def test_a_study_on_its_way_stays(ledger: Ledger) -> None:
    uid = drafted(ledger, delivered=True)
    add(ledger, uid, Received(at=NOW, revision=2, calling_ae_title="CR", summary=StudySummary()))
    assert kept(ledger, uid) == "it is still receiving"


def test_a_critical_result_stays_until_somebody_has_acknowledged_it(ledger: Ledger) -> None:
    uid = drafted(ledger, delivered=True, findings=[found()])
    assert kept(ledger, uid) == "nobody has acknowledged its critical result"
    add(ledger, uid, acknowledged())
    assert kept(ledger, uid) is None


def test_what_a_reader_drew_stays_until_it_is_an_object(ledger: Ledger) -> None:
    uid = drafted(ledger, delivered=True)
    radiograph_uid = ledger.held(uid).radiographs[0].instance_uid
    add(ledger, uid, KeyImagesMarked(at=NOW, revision=1, radiograph_uids=[radiograph_uid], reader="Dr Kim"))
    assert kept(ledger, uid) == "what a reader drew is not stored as an object yet"


def test_a_signed_report_that_no_destination_has_stays(ledger: Ledger) -> None:
    uid, sr = drafted(ledger, delivered=True), generate_uid()
    add(ledger, uid, Signed(at=NOW, revision=1, report=report(uid, signed=True)))
    assert kept(ledger, uid) == "a signed report has reached no destination"
    add(ledger, uid, Signed(at=NOW, revision=1, report=report(uid, sr=sr, signed=True)))
    assert kept(ledger, uid) == "a signed report has reached no destination"
    deliver(ledger, uid, sr)
    assert kept(ledger, uid) is None


def test_what_waits_for_a_signature_before_it_goes_stays(ledger: Ledger, monkeypatch) -> None:
    monkeypatch.delenv("KIDRAY_PACS")
    monkeypatch.setenv("KIDRAY_DESTINATIONS", '[{"node": "PACS@127.0.0.1:104", "when": "signed"}]')
    assert kept(ledger, drafted(ledger)) == "none of its results has reached a destination"


def test_where_storage_commitment_is_asked_for_a_delivery_alone_confirms_nothing(
    ledger: Ledger, monkeypatch
) -> None:
    monkeypatch.delenv("KIDRAY_PACS")
    monkeypatch.setenv("KIDRAY_DESTINATIONS", '[{"node": "PACS@127.0.0.1:104", "commitment": true}]')
    uid = drafted(ledger, delivered=True)
    (sent,) = ledger.held(uid).deliveries
    for commitment in (Commitment.ASKED, Commitment.REFUSED):
        vouched = sent.model_copy(update={"commitment": commitment})
        add(ledger, uid, Delivered(at=NOW, revision=1, delivery=vouched))
        assert kept(ledger, uid) == "1 results are not confirmed by their destination"
    vouched = sent.model_copy(update={"commitment": Commitment.COMMITTED})
    add(ledger, uid, Delivered(at=NOW, revision=1, delivery=vouched))
    assert kept(ledger, uid) is None


def test_age_and_room_choose_the_longest_untouched_first(ledger: Ledger) -> None:
    uids = [drafted(ledger, days_ago=days, delivered=True) for days in (1, 40, 3)]
    owing = drafted(ledger, days_ago=90)
    held = [look(ledger, uid, load_settings().policies) for uid in (*uids, owing)]

    def going(days: float | None, room: int) -> list[str]:
        older = None if days is None else timedelta(days=days)
        return [h.record.study_uid for h in leaving(held, now=NOW, older_than=older, room_needed=room)]

    assert going(30, 0) == [uids[1]]
    assert going(2, 0) == [uids[1], uids[2]]
    assert going(None, held[1].size + 1) == [uids[1], uids[2]]
    assert going(None, 10**12) == [uids[1], uids[2], uids[0]]
    assert going(None, 0) == []


def test_a_study_that_changed_in_the_meantime_stays(ledger: Ledger, archive: Archive) -> None:
    uid = drafted(ledger, delivered=True)
    before: Held = look(ledger, uid, load_settings().policies)
    late = radiograph(PIXELS)
    late.StudyInstanceUID = uid
    archive.write_dataset(late)
    with pytest.raises(StateError, match="has changed"):
        take_leave(ledger, before, why="old", at=NOW)
    assert len(archive.instances(uid)) == before.instances + 1
    assert not lines(archive)


def test_an_instance_that_arrives_while_its_study_leaves_is_not_lost(ledger, archive: Archive) -> None:
    uid = drafted(ledger, delivered=True)
    refs = archive.instances(uid)
    with pytest.raises(ConflictError, match="it stays"):
        archive.remove(uid, instances=len(refs) - 1)  # one more is there than was looked at
    assert archive.instances(uid) == refs
    assert ledger.held(uid).state == "drafted"
    assert not list((archive.root / ".incoming").iterdir())


def test_a_study_that_began_anew_while_it_left_gets_its_instances_and_events_back(
    ledger, archive: Archive
) -> None:
    uid = drafted(ledger, delivered=True)
    refs = archive.instances(uid)
    leaving = archive.root / ".incoming" / "leaving"
    (archive.root / uid).rename(leaving)
    again = radiograph(PIXELS)
    again.StudyInstanceUID = uid
    new = archive.write_dataset(again)
    _put_back(leaving, archive.root / uid)
    assert set(archive.instances(uid)) == {*refs, new}
    assert ledger.held(uid).state == "drafted"
    assert not leaving.exists()


def test_a_study_begins_anew_only_once_it_is_decided_that_the_old_one_leaves(
    ledger: Ledger, archive: Archive
) -> None:
    uid = drafted(ledger, delivered=True)
    leaving = archive.root / ".leaving" / uid
    leaving.parent.mkdir()
    (archive.root / uid).rename(leaving)
    late = Received(at=NOW, revision=1, calling_ae_title="CR", summary=StudySummary())
    with pytest.raises(ArchiveError, match="send it again"):
        ledger.commit(uid, lambda record: late if record is None else None)
    archive.clear_incoming()
    after = ledger.commit(uid, lambda record: late if record is None else None)
    assert after is not None
    assert after.state == "drafted"


def test_a_study_that_left_when_its_remover_was_killed_leaves_the_worklist(
    ledger: Ledger, archive: Archive, registry: Registry
) -> None:
    gone, stays = (drafted(ledger, days_ago=40) for _ in range(2))
    archive.remove(gone, instances=len(archive.instances(gone)))
    assert retention(ledger, days=30).sweep(NOW) == 0
    assert registry.worklist() == [stays]
    away = archive.root.rename(archive.root.with_name("away"))
    archive.root.mkdir()
    assert retention(ledger, days=30).sweep(NOW) == 0
    assert registry.worklist() == [stays]
    assert away.exists()


def test_the_command_removes_what_is_old_and_delivered_and_keeps_a_record(
    ledger: Ledger, archive: Archive, registry: Registry
) -> None:
    old = drafted(ledger, days_ago=4000, delivered=True)
    owing = drafted(ledger, days_ago=4000)
    dry = kidray("--older-than", "3650", "--dry-run")
    assert f"would remove {old}: 2 instances" in dry
    assert owing not in dry
    assert "1 stay: 1 results are not confirmed by their destination" in dry
    assert set(archive.studies()) == {old, owing}
    assert not lines(archive)

    assert f"removed {old}" in kidray("--older-than", "3650")
    assert set(archive.studies()) == {owing}
    assert registry.worklist() == [owing]
    (line,) = lines(archive)
    assert (line["study_uid"], line["instances"], line["state"]) == (old, 2, "drafted")
    assert line["delivered"][0]["state"] == "sent"  # type: ignore[index]
    assert "HONG" not in (archive.root / RECORD).read_text()
    assert kidray("--older-than", "3650", "--keep-free", "0.001").startswith("1 stay")


def test_one_study_is_kept_back_unless_forced(ledger: Ledger, archive: Archive) -> None:
    uid = drafted(ledger)
    kidray(uid, code=1)
    assert "would remove" in kidray(uid, "--force", "--dry-run")
    assert list(archive.studies()) == [uid]
    kidray(uid, "--force")
    assert not list(archive.studies())
    assert lines(archive)[0]["why"] == "forced"


def test_without_a_destination_age_removes_nothing(ledger: Ledger, archive: Archive, monkeypatch) -> None:
    uid = drafted(ledger, days_ago=4000)
    monkeypatch.delenv("KIDRAY_PACS")
    kidray("--older-than", "1", code=1)
    assert list(archive.studies()) == [uid]


def test_a_study_half_removed_when_killed_is_cleared_away(ledger: Ledger, archive: Archive) -> None:
    left = archive.root / ".incoming" / "half" / "1.2"
    left.mkdir(parents=True)
    (left / "1.2.3.dcm").write_bytes(b"x")
    assert archive.clear_incoming() == 1
    assert not left.exists()


def retention(ledger: Ledger, *, days: float | None = None, keep_free: str | None = None) -> Retention:
    older_than = None if days is None else timedelta(days=days)
    return Retention(ledger, load_settings().policies, older_than=older_than, keep_free=keep_free)


def test_the_reconciler_lets_old_studies_leave_by_itself_and_keeps_what_is_owed(
    ledger: Ledger, archive: Archive, registry: Registry, queue: JobQueue
) -> None:
    old = drafted(ledger, days_ago=40, delivered=True)
    owing = drafted(ledger, days_ago=40)
    young = drafted(ledger, days_ago=3, delivered=True)
    policies = load_settings().policies
    Reconciler(
        ledger,
        queue,
        destinations=policies,
        retention=retention(ledger, days=30),
        clock=NOW.timestamp,
    ).sweep()
    assert set(archive.studies()) == set(registry.worklist()) == {owing, young}
    (line,) = lines(archive)
    assert (line["study_uid"], line["why"]) == (old, "it is old")
    assert "HONG" not in (archive.root / RECORD).read_text()


def test_what_had_to_stay_leaves_once_its_delivery_is_confirmed(ledger: Ledger, archive: Archive) -> None:
    uid = drafted(ledger, days_ago=40)
    letting = retention(ledger, days=30)
    assert (letting.sweep(NOW), letting.sweep(NOW)) == (0, 0)
    deliver(ledger, uid, str(ledger.held(uid).radiographs[0].sr_instance_uid), at=NOW - timedelta(days=39))
    assert letting.sweep(NOW) == 1
    assert not list(archive.studies())


def test_the_oldest_leave_for_room_and_no_more_than_that(
    ledger: Ledger, archive: Archive, monkeypatch
) -> None:
    uids = [drafted(ledger, days_ago=days, delivered=True) for days in (1, 40, 3)]
    size = look(ledger, uids[1], load_settings().policies).size
    disk = shutil._ntuple_diskusage(total=2**40, used=0, free=2**40 - size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)  # a disk cannot be filled to the byte
    assert retention(ledger, keep_free="1024").sweep(NOW) == 2
    assert list(archive.studies()) == [uids[0]]


def test_what_shall_stay_free_is_given_in_gib_or_as_a_share(tmp_path: Path) -> None:
    disk = shutil.disk_usage(tmp_path)
    assert room_needed(tmp_path, None) == room_needed(tmp_path, "0") == 0
    assert abs(room_needed(tmp_path, "100%") - (disk.total - disk.free)) < 2**30
    assert abs(room_needed(tmp_path, str(disk.total / 2**30)) - (disk.total - disk.free)) < 2**30


def test_nothing_leaves_by_itself_where_no_destination_could_confirm_it(
    ledger: Ledger, archive: Archive, monkeypatch
) -> None:
    uid = drafted(ledger, days_ago=4000, delivered=True)
    monkeypatch.delenv("KIDRAY_PACS")
    assert retention(ledger, days=1, keep_free="100%").sweep(NOW) == 0
    assert list(archive.studies()) == [uid]
    monkeypatch.setenv("KIDRAY_KEEP_DAYS", "30")
    with pytest.raises(SettingsError, match="no destination is set"):
        load_settings()
