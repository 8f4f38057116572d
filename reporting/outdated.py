"""Find the sentences that are older than what a reader drew or stated, and word them anew. Pure.

The template's words on a finding as a version was written from it, beside its words on the finding as it is
now measured or stated, tell which kinds of sentence have changed. Whoever worded such a sentence, it is
outdated unless it already says what the template says now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from reporting.brief import age_of
from reporting.draft import MEASUREMENT, write_draft
from reporting.observed import observed
from study.findings import FindingLabel
from study.model import (
    Assessment,
    Check,
    Finding,
    ModelIdentity,
    Observation,
    Presence,
    Report,
    Sentence,
    StudyRecord,
)
from study.remeasured import remeasured

Section = Literal["findings", "impression"]
SECTIONS: tuple[Section, ...] = ("findings", "impression")
RULE = "outdated"  # of the check that tells of such a sentence
Key = tuple[str, bool]  # a finding's id, and whether the sentence holds its numbers


class _Change(NamedTuple):
    """What one section of the template says otherwise of findings that were measured anew."""

    keys: set[Key]
    now: set[str]  # the template's sentences as of now
    appeared: set[str]  # ids of findings that were absent


def outdated(record: StudyRecord, report: Report) -> list[Check]:
    """Return a check for each sentence of `report` that is older than what a reader drew or stated."""
    labels = {f.id: f.label for f in record.findings}
    message = "this sentence is older than what a reader drew or stated"
    return [
        Check(
            rule=RULE,
            sentence=sentence.text,
            message=message,
            section=section,
            finding=_label(sentence, change, labels),
        )
        for section, change in _changes(record, report).items()
        for sentence in getattr(report, section)
        if _is_old(sentence, change)
    ]


def renewed(record: StudyRecord, report: Report, anew: Report) -> dict[str, list[Sentence]]:
    """Return the sections of `report` whose sentences are outdated, those in the words of `anew`.

    Every other sentence stays as it is and where it is.
    """
    sections: dict[str, list[Sentence]] = {}
    for section, change in _changes(record, report).items():
        sentences: list[Sentence] = getattr(report, section)
        sections[section] = _section(sentences, getattr(anew, section), change)
    return sections


def measured_now(record: StudyRecord, report: Report) -> list[Observation]:
    """Return what `report` rests on, as it is measured now; what its words still hold stays as it was."""
    told: set[str] = set()
    for section, change in _changes(record, report).items():
        old = [s for s in getattr(report, section) if _is_old(s, change)]
        told |= {uid for sentence in old for uid, _ in _keys(sentence) & change.keys}
    now = {f.id: f for f in record.findings if f.id in remeasured(record, report) - told}
    verdicts = record.assessments
    return [observed([now[o.id]], verdicts)[0] if o.id in now else o for o in report.observations]


def _changes(record: StudyRecord, report: Report) -> dict[Section, _Change]:
    """Return what changed in each section; nothing where no finding that stands was measured anew."""
    rejected = {uid for uid, said in record.assessments.items() if said is Assessment.REJECTED}
    ids, model = remeasured(record, report) - rejected, record.model
    if not ids or model is None:
        return {}
    before: Sequence[Finding] = report.observations
    old, new = (_template(record, report, model, findings) for findings in (before, record.findings))
    there = {f.id for f in record.findings if f.presence is not Presence.ABSENT}
    appeared = {o.id for o in before if o.presence is Presence.ABSENT and o.id in ids & there}
    changes: dict[Section, _Change] = {}
    for section in SECTIONS:
        was, now = _texts(getattr(old, section)), _texts(getattr(new, section))
        keys = {(uid, numbers) for uid in ids for numbers in (False, True)}
        differing = {key for key in keys if was.get(key) != now.get(key)}
        changes[section] = _Change(differing, {s.text for s in getattr(new, section)}, appeared)
    return changes


def _template(
    record: StudyRecord, report: Report, model: ModelIdentity, findings: Sequence[Finding]
) -> Report:
    radiographs = {r.instance_uid for r in record.radiographs}
    return write_draft(
        study_uid=record.study_uid,
        revision=report.revision,
        version=report.version,
        findings=[f for f in findings if f.radiograph_uid in radiographs],
        radiographs=record.radiographs,
        language=report.language,
        model=model,
        not_read=record.not_read,
        created_at=report.created_at,
        age_band=age_of(report),
    )


def _section(now: Sequence[Sentence], anew: Sequence[Sentence], change: _Change) -> list[Sentence]:
    kept = [s for s in now if not _is_old(s, change)]
    gone = {key for s in now if _is_old(s, change) for key in _keys(s)}
    covered = {key for s in kept for key in _keys(s)}
    owed = [s for s in anew if any(_is_owed(key, gone, change) for key in _keys(s) - covered)]
    result: list[Sentence] = []
    for sentence in now:
        if not _is_old(sentence, change):
            result.append(sentence)
            continue
        here = [s for s in owed if _keys(s) & _keys(sentence)]
        result += here
        owed = [s for s in owed if s not in here]
    return result + owed


def _is_owed(key: Key, gone: set[Key], change: _Change) -> bool:
    return key in gone or (key in change.keys and key[0] in change.appeared)


def _is_old(sentence: Sentence, change: _Change) -> bool:
    return bool(_keys(sentence) & change.keys) and sentence.text not in change.now


def _keys(sentence: Sentence) -> set[Key]:
    return {(uid, sentence.rule_id == MEASUREMENT) for uid in sentence.finding_ids}


def _texts(sentences: Iterable[Sentence]) -> dict[Key, set[str]]:
    texts: dict[Key, set[str]] = {}
    for sentence in sentences:
        for key in _keys(sentence):
            texts.setdefault(key, set()).add(sentence.text)
    return texts


def _label(sentence: Sentence, change: _Change, labels: dict[str, FindingLabel]) -> FindingLabel | None:
    found = [labels[uid] for uid, _ in sorted(_keys(sentence) & change.keys) if uid in labels]
    return found[0] if found else None
