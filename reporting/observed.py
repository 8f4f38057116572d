"""Keep beside a report's words what they rest on: exam, quality, coded findings, alert, abstentions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reporting.rules import unassessable
from study.alerts import rule_of
from study.findings import FINDINGS
from study.model import (
    Abstention,
    AgeBand,
    Alert,
    Assessment,
    CodedEntry,
    Exam,
    Finding,
    Observation,
    Presence,
    Radiograph,
)
from study.unread import Unread
from study.verdicts import critical_findings

NOT_ASSESSABLE = "not-assessable"  # rule id of what the radiographs cannot show; an LLM never rewords it
NOT_READ = "not-read"  # rule id of an image that the model left alone
PRESENCE_CODES = {
    Presence.PRESENT: CodedEntry(value="52101004", scheme="SCT", meaning="Present"),
    Presence.ABSENT: CodedEntry(value="2667000", scheme="SCT", meaning="Absent"),
    Presence.INDETERMINATE: CodedEntry(value="82334004", scheme="SCT", meaning="Indeterminate"),
}


def exam_of(radiographs: Sequence[Radiograph], age_band: AgeBand) -> Exam:
    """Return what was examined."""
    return Exam(
        age_band=age_band,
        radiographs=[r.instance_uid for r in radiographs],
        views=[r.view for r in radiographs],
    )


def observed(
    findings: Sequence[Finding], assessments: Mapping[str, Assessment] | None = None
) -> list[Observation]:
    """Return the findings with their codes, and with what their reader said of them."""
    verdicts = assessments or {}
    return [
        Observation(
            **finding.model_dump(include=set(Finding.model_fields)),
            code=_code(finding),
            presence_code=PRESENCE_CODES[finding.presence],
            assessment=verdicts.get(finding.id),
        )
        for finding in findings
    ]


def alert_of(findings: Sequence[Finding], identified_at: datetime) -> Alert | None:
    """Return the alert that the findings raise by rule, nobody told yet; None where none does."""
    critical = critical_findings(findings, {})
    if not critical:
        return None
    return Alert(
        rule_id=rule_of(critical[0].label),
        finding_ids=[f.id for f in critical],
        identified_at=identified_at,
    )


def abstained(
    findings: Sequence[Finding], radiographs: Sequence[Radiograph], not_read: Mapping[str, Unread]
) -> list[Abstention]:
    """Return what the model was asked and did not answer: images, then findings."""
    images = [
        Abstention(rule_id=NOT_READ, reason=unread.code, instance_uid=uid) for uid, unread in not_read.items()
    ]
    unseeable = unassessable(findings, radiographs)
    labels = dict.fromkeys(f.label for f in unseeable)
    return images + [
        Abstention(rule_id=NOT_ASSESSABLE, finding_ids=[f.id for f in unseeable if f.label is label])
        for label in labels
    ]


def _code(finding: Finding) -> CodedEntry:
    concept = FINDINGS[finding.label].concept
    return CodedEntry(value=concept.value, scheme=concept.scheme, meaning=concept.meaning)
