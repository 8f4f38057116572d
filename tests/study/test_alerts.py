"""The rule for critical results, and what events make of an alert: pure, the clock an argument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import product

import pytest

from study.alert_events import Acknowledged, Escalated, Notified
from study.alerts import Due, due_to, escalation_due, follows
from study.findings import FINDINGS, FindingLabel
from study.history import EVENT, Assessed, Event, Previewed, Queued, Received, Segmented, Signed, fold
from study.model import (
    Acknowledgement,
    AlertState,
    Assessment,
    Certainty,
    DeliveryState,
    Finding,
    Notice,
    NoticeKind,
    Presence,
    Segmentation,
    StudyAlert,
    StudyRecord,
    StudySummary,
    ToldHow,
    Withdrawal,
)
from study.state import State
from study.verdicts import is_critical
from tests.study.test_verdicts import MODEL, drafted, report

UID = "1.2"
AT = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
STEPS = [timedelta(minutes=10), timedelta(minutes=20)]


def found(
    label: FindingLabel = FindingLabel.PNEUMOPERITONEUM,
    presence: Presence = Presence.PRESENT,
    *,
    radiograph: str = "1.2.3",
    probability: float = 0.9,
) -> Finding:
    return Finding(
        id=f"{label}@{radiograph}",
        label=label,
        radiograph_uid=radiograph,
        presence=presence,
        certainty=Certainty.HIGH,
        probability=probability,
        operating_point=0.5,
    )


def received(revision: int = 1) -> Received:
    return Received(at=AT, revision=revision, calling_ae_title="CR", summary=StudySummary())


def previewed(*findings: Finding, revision: int = 1) -> Previewed:
    return Previewed(at=AT, revision=revision, segmentation=seen(findings))


def segmented(*findings: Finding, revision: int = 1) -> Segmented:
    return Segmented(at=AT, revision=revision, segmentation=seen(findings))


def seen(findings: Sequence[Finding]) -> Segmentation:
    return Segmentation(model=MODEL, radiographs=[], findings=list(findings))


def queued(revision: int = 1) -> Queued:
    return Queued(at=AT, revision=revision, instances=1)


def judged(assessment: Assessment, finding: Finding) -> Assessed:
    return Assessed(at=AT, revision=1, finding_id=finding.id, assessment=assessment, reader="R")


def acknowledged(revision: int = 1) -> Acknowledged:
    said = Acknowledgement(
        finding_ids=[found().id],
        identified_at=AT,
        told_by="Reader",
        told_to="Surgeon",
        told_at=AT,
        how=ToldHow.PHONE,
    )
    return Acknowledged(at=AT + timedelta(minutes=4), revision=revision, acknowledgement=said)


def noticed(about: NoticeKind, state: DeliveryState, *, level: int = 0, raised: int = 1) -> Notified:
    notice = Notice(channel="hook", about=about, level=level, raised=raised, state=state, at=AT)
    return Notified(at=AT, revision=1, notice=notice)


def lived(*steps: Event) -> tuple[list[Event], StudyRecord]:
    """Return the events of a study after `steps`, with every alert event that follows from them."""
    events: list[Event] = []
    for step in steps:
        events.append(step)
        record = fold(UID, events)
        assert record is not None
        due = follows(record, AT + timedelta(milliseconds=5))
        if due is not None:
            events.append(due)
        after = fold(UID, events)
        assert after is not None
        assert follows(after, AT) is None  # asked twice, it makes nothing twice
    record = fold(UID, events)
    assert record is not None
    return events, record


def alert_of(*steps: Event) -> StudyAlert:
    alert = lived(*steps)[1].alert
    assert alert is not None
    return alert


READ = (received(), queued(), segmented(found()))


@pytest.mark.parametrize("verdict", [None, *Assessment])
@pytest.mark.parametrize("presence", Presence)
@pytest.mark.parametrize("label", FindingLabel)
def test_the_flag_and_the_alert_are_what_the_rule_says_for_every_single_finding(
    label: FindingLabel, presence: Presence, verdict: Assessment | None
):
    finding = found(label, presence)
    verdicts = {} if verdict is None else {finding.id: verdict}
    rule = FINDINGS[label].critical and presence is not Presence.ABSENT
    assert is_critical([finding], verdicts) == (rule and verdict is not Assessment.REJECTED)
    steps: list[Event] = [received(), previewed(finding)]
    _, record = lived(*steps)
    assert record.critical == rule
    assert (record.alert is not None) == rule
    if verdict is not None and record.alert is not None:
        alert = alert_of(*steps, judged(verdict, finding))
        assert alert.state is (AlertState.WITHDRAWN if verdict is Assessment.REJECTED else AlertState.OPEN)


def test_the_flag_is_what_the_rule_says_for_every_combination_of_findings():
    labels = list(FindingLabel)
    critical = {label for label in labels if FINDINGS[label].critical}
    assert critical == {FindingLabel.PNEUMOPERITONEUM}
    wrong = []
    for presences in product(Presence, repeat=len(labels)):
        findings = [found(label, p) for label, p in zip(labels, presences, strict=True)]
        rule = any(f.label in critical and f.presence is not Presence.ABSENT for f in findings)
        _, record = lived(received(), queued(), segmented(*findings))
        if (record.critical, record.alert is not None) != (rule, rule):
            wrong.append(presences)
    assert wrong == []


def test_an_alert_is_raised_from_a_preview_and_once_for_a_revision():
    events, record = lived(received(), previewed(found()), queued(), segmented(found()), drafted())
    assert [e.kind for e in events] == [
        "received", "previewed", "alerted", "queued", "segmented", "drafted",
    ]  # fmt: skip
    assert record.state == State.DRAFTED
    assert record.alert is not None
    assert record.alert.rule_id == "critical-pneumoperitoneum"
    assert record.alert.identified_at == AT
    assert record.alert.finding_ids == ["pneumoperitoneum@1.2.3"]


def test_the_surest_finding_stands_for_the_alert():
    doubtful = found(presence=Presence.INDETERMINATE, radiograph="1.2.4", probability=0.99)
    alert = alert_of(received(), queued(), segmented(doubtful, found(probability=0.6)))
    assert alert.radiograph_uid == "1.2.3"
    assert alert.presence is Presence.PRESENT
    assert len(alert.finding_ids) == 2


def test_a_rejected_finding_withdraws_the_alert_and_an_accepted_one_raises_it_again():
    reject, accept = judged(Assessment.REJECTED, found()), judged(Assessment.ACCEPTED, found())
    events, record = lived(*READ, reject)
    assert [e.kind for e in events[-2:]] == ["assessed", "withdrawn"]
    assert record.alert is not None
    assert record.alert.withdrawal is Withdrawal.REJECTED
    again = alert_of(*READ, reject, accept)
    assert (again.state, again.raised) == (AlertState.OPEN, 2)


def test_one_finding_that_stands_keeps_the_alert_that_rests_on_two():
    other = found(radiograph="1.2.4")
    alert = alert_of(received(), queued(), segmented(found(), other), judged(Assessment.REJECTED, other))
    assert alert.state is AlertState.OPEN


def test_a_reading_that_finds_it_no_longer_withdraws_the_alert():
    alert = alert_of(received(), previewed(found()), queued(), segmented(found(presence=Presence.ABSENT)))
    assert (alert.state, alert.withdrawal) == (AlertState.WITHDRAWN, Withdrawal.NOT_FOUND)


def test_the_next_revision_raises_its_own_alert_only_once_it_was_read():
    steps = (*READ, acknowledged(), received(2))
    assert alert_of(*steps).state is AlertState.ACKNOWLEDGED
    assert alert_of(*steps, queued(2)).revision == 1
    alert = alert_of(*steps, queued(2), segmented(found(), revision=2))
    assert (alert.state, alert.revision, alert.level) == (AlertState.OPEN, 2, 0)


def test_an_alert_that_nobody_acknowledged_waits_on_through_the_next_revision():
    late = Escalated(at=AT + timedelta(minutes=11), revision=1, level=1)
    alert = alert_of(*READ, late, received(2), queued(2), segmented(found(), revision=2))
    assert (alert.revision, alert.raised, alert.level) == (2, 2, 1)
    assert alert.since == AT + timedelta(milliseconds=5)


def test_the_same_revision_read_again_raises_no_second_alert_once_acknowledged():
    again = Queued(at=AT, revision=1, instances=1, why="reprocess")
    alert = alert_of(*READ, acknowledged(), drafted(), again, segmented(found()))
    assert (alert.state, alert.raised) == (AlertState.ACKNOWLEDGED, 1)


def test_a_study_that_was_signed_before_alerts_were_raised_raises_none():
    signed = Signed(at=AT, revision=1, report=report(signed=True))
    record = fold(UID, [*READ, drafted(), signed])
    assert record is not None
    assert follows(record, AT) is None


def test_a_signature_leaves_an_alert_open_until_somebody_says_whom_they_told():
    signed = Signed(at=AT, revision=1, report=report(signed=True))
    assert alert_of(*READ, drafted(), signed).state is AlertState.OPEN
    assert alert_of(*READ, drafted(), signed, acknowledged()).state is AlertState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("minutes", "level"), [(0, None), (9.9, None), (10.1, 1), (19.9, 1), (20.1, 2), (600, 2)]
)
def test_escalation_is_due_by_the_clock(minutes: float, level: int | None):
    due = escalation_due(alert_of(*READ), AT + timedelta(minutes=minutes), STEPS, ["hook"])
    assert (due.level if due else None) == level
    if due is not None:
        after = alert_of(*READ, due)
        assert after.level == level
        assert escalation_due(after, due.at, STEPS) is None


def test_an_acknowledged_alert_is_escalated_no_further():
    assert escalation_due(alert_of(*READ, acknowledged()), AT + timedelta(days=1), STEPS) is None


def test_a_channel_is_told_what_the_alert_came_to_and_once():
    sent = noticed(NoticeKind.RAISED, DeliveryState.SENT)
    escalated = Escalated(at=AT, revision=1, level=1)
    assert due_to(alert_of(*READ), "hook") == Due(NoticeKind.RAISED, 0)
    assert due_to(alert_of(*READ, noticed(NoticeKind.RAISED, DeliveryState.PENDING)), "hook") is not None
    assert due_to(alert_of(*READ, sent), "hook") is None
    assert due_to(alert_of(*READ, sent), "another") == Due(NoticeKind.RAISED, 0)
    assert due_to(alert_of(*READ, sent, escalated), "hook") == Due(NoticeKind.ESCALATED, 1)
    assert due_to(alert_of(*READ, sent, acknowledged()), "hook") == Due(NoticeKind.ACKNOWLEDGED, 0)
    assert due_to(alert_of(*READ, acknowledged()), "hook") is None  # it never heard of it
    assert due_to(alert_of(*READ, noticed(NoticeKind.RAISED, DeliveryState.FAILED)), "hook") is None


def test_alert_events_survive_the_disk():
    events, _ = lived(*READ, noticed(NoticeKind.RAISED, DeliveryState.SENT), acknowledged())
    assert [EVENT.validate_json(EVENT.dump_json(event)) for event in events] == events
