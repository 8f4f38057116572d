"""The sentence of a report that says who was told of a critical result. By rule, in both languages. Pure."""

from __future__ import annotations

from datetime import datetime

from study.findings import FINDINGS, FindingLabel
from study.model import Acknowledgement, Alert, Language, Sentence, StudyAlert, ToldHow

RULE = "critical-communicated"

_TEXT = {
    Language.ENGLISH: (
        "Critical result ({finding}), identified {identified}: {told_by} told {told_to} {how}, {told}."
    ),
    Language.KOREAN: (
        "위급 결과({finding}), 확인 시각 {identified}: 전달자 {told_by}, 수신자 {told_to}, {how}, {told}."
    ),
}
_HOW = {
    Language.ENGLISH: {
        ToldHow.PHONE: "by phone",
        ToldHow.IN_PERSON: "in person",
        ToldHow.VIDEO: "by video call",
        ToldHow.MESSAGE: "by message",
        ToldHow.OTHER: "by other means",
    },
    Language.KOREAN: {
        ToldHow.PHONE: "전화",
        ToldHow.IN_PERSON: "대면",
        ToldHow.VIDEO: "영상 통화",
        ToldHow.MESSAGE: "메시지",
        ToldHow.OTHER: "기타 방법",
    },
}


def communicated(alert: StudyAlert, language: Language) -> list[Sentence]:
    """Return the sentence on an alert that was acknowledged; none on one that was not."""
    said = alert.acknowledgement
    if said is None:
        return []
    text = _TEXT[language].format(
        finding=_name(alert.label, language),
        identified=_moment(said.identified_at),
        told_by=_person(said.told_by),
        told_to=_person(said.told_to),
        how=_HOW[language][said.how],
        told=_moment(said.told_at),
    )
    return [Sentence(text=text, finding_ids=said.finding_ids, rule_id=RULE)]


def as_reported(alert: StudyAlert) -> Alert:
    """Return what a report keeps of a study's alert: its rule, and the six things where they are known."""
    said: Acknowledgement | None = alert.acknowledgement
    kept = Alert(rule_id=alert.rule_id, finding_ids=alert.finding_ids, identified_at=alert.identified_at)
    if said is None:
        return kept
    return kept.model_copy(
        update={
            "told_by": said.told_by,
            "told_to": said.told_to,
            "told_at": said.told_at,
            "told_how": said.how.value,
        }
    )


def _name(label: FindingLabel, language: Language) -> str:
    definition = FINDINGS[label]
    return definition.name_ko if language is Language.KOREAN else definition.name_en.lower()


def _person(name: str) -> str:
    """Return a name as it is read, its components (PS3.5, PN) apart."""
    return " ".join(filter(None, name.split("^")))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} {at:%Z}".strip()
