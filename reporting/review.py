"""Look at a radiologist's words: where they are at odds with the findings, and what a verdict leaves. Pure.

The closed-world check is for an LLM. A radiologist may grade, compare, advise and name any anatomy; of their
own sentences only those rules are told that a finding, or a verdict on it, contradicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from reporting.assembly import read_marks
from reporting.brief import Brief, Fact, age_of, brief_of, name_radiographs
from reporting.draft import write_draft
from reporting.outdated import measured_now, outdated, renewed
from reporting.reply import Line
from reporting.sentence import check_sentence
from reporting.translated import in_language
from study.findings import FindingLabel
from study.model import (
    Assessment,
    Check,
    Finding,
    Language,
    Observation,
    Presence,
    Report,
    Sentence,
    StudyRecord,
)

Section = Literal["findings", "impression", "recommendation"]
SECTIONS: tuple[Section, ...] = ("findings", "impression", "recommendation")
_LONGEST = 400  # characters that are read; a sentence of an LLM is never longer
# Of the check's rules those that say that a sentence contradicts a finding.
_TOLD = frozenset({"presence", "negation", "certainty", "region", "radiograph", "age"})
_CLAUSE = re.compile(
    r"[,;:.]|\b(?:but|however|although|whereas|while)\b|\band (?=no\b)|지만|으나|(?<=고) |(?<=며) "
)
_LEFT, _RIGHT = re.compile(r"\bleft\b|좌측|왼쪽|좌상|좌하"), re.compile(r"\bright\b|우측|오른쪽|우상|우하")


class _Ground(NamedTuple):
    """What a reader's words are held to."""

    brief: Brief
    accepted: frozenset[str]  # references of what the reader has accepted


class Reviewer:
    """The `study.review.Review` of the reporting room."""

    def objections(self, record: StudyRecord, report: Report) -> list[Check]:
        """Return where a reader's own sentences, or what they leave out, are at odds with the findings.

        Parameters
        ----------
        record
            The study, with its findings and the reader's verdicts on them.
        report
            The version to look at. A sentence that refers to findings is as it was drafted, and is
            left alone unless one of them was rejected since.
        """
        ground = _ground(record, report)
        checks: list[Check] = []
        for section in SECTIONS:
            for sentence in getattr(report, section):
                checks += _of_sentence(sentence, section, record, ground, report.language)
        for section in ("findings", "impression"):
            checks += _left_out(getattr(report, section), section, record, report.language)
        return checks + outdated(record, report)

    def outdated(self, record: StudyRecord, report: Report) -> list[Check]:
        """Return the sentences of `report` that are older than what a reader drew or stated."""
        return outdated(record, report)

    def measured_now(self, record: StudyRecord, report: Report) -> list[Observation]:
        """Return what `report` rests on as it is measured now, except what its words hold otherwise."""
        return measured_now(record, report)

    def in_language(self, record: StudyRecord, language: Language) -> Report | None:
        """Return the newest version in `language`, by the template; own sentences as they are."""
        return in_language(record, language)

    def without_rejected(self, record: StudyRecord) -> Report | None:
        """Return the newest version without what the reader rejected, by rule; the caller offers it.

        Its sentences that are older than what a reader drew or stated are worded anew.

        Sentences on what still stands keep their words, whoever wrote them; what has to be said anew
        is the template's.
        """
        report = record.draft
        if report is None or record.model is None:
            return None
        rejected = {uid for uid, said in record.assessments.items() if said is Assessment.REJECTED}
        standing = [f for f in record.findings if f.id not in rejected]
        anew = write_draft(
            study_uid=record.study_uid,
            revision=report.revision,
            version=report.version,
            findings=standing,
            radiographs=record.radiographs,
            language=report.language,
            model=record.model,
            not_read=record.not_read,
            created_at=report.created_at,
            age_band=age_of(report),
        )
        ids = {f.id for f in standing}
        now = report.model_copy(update=renewed(record, report, anew))
        changes = {
            "findings": _merged(now.findings, anew.findings, ids),
            "impression": _merged(now.impression, anew.impression, ids),
            "recommendation": anew.recommendation + [s for s in report.recommendation if not s.rule_id],
        }
        return report.model_copy(update=changes)


def _merged(now: Sequence[Sentence], anew: Sequence[Sentence], standing: set[str]) -> list[Sentence]:
    """Return the sentences that still hold, and those of `anew` on what they no longer cover."""
    kept = [s for s in now if standing.issuperset(s.finding_ids)]
    covered = {uid for s in kept for uid in s.finding_ids}
    return kept + [s for s in anew if not covered.issuperset(s.finding_ids)]


def _ground(record: StudyRecord, report: Report) -> _Ground:
    """Return the facts after the reader's verdicts: what was rejected is absent, or no fact at all."""
    judged = [
        _judged(f, record.assessments.get(f.id))
        for f in record.findings
        if f.presence is not Presence.ABSENT or record.assessments.get(f.id) is not Assessment.REJECTED
    ]
    names = name_radiographs(record.radiographs)
    brief, ids = brief_of(judged, names, report.language, age_of(report))
    accepted = {r for r, uid in ids.items() if record.assessments.get(uid) is Assessment.ACCEPTED}
    return _Ground(brief, frozenset(accepted))


def _judged(finding: Finding, verdict: Assessment | None) -> Finding:
    if verdict is not Assessment.REJECTED:
        return finding
    return finding.model_copy(update={"presence": Presence.ABSENT, "region": None, "count": 0})


def _of_sentence(
    sentence: Sentence, section: Section, record: StudyRecord, ground: _Ground, language: Language
) -> Iterator[Check]:
    rejected = {uid for uid, said in record.assessments.items() if said is Assessment.REJECTED}
    if sentence.rule_id is not None and not rejected.intersection(sentence.finding_ids):
        return
    if sentence.finding_ids and not rejected.intersection(sentence.finding_ids):
        return
    if section == "recommendation":
        return  # what a reader advises is theirs
    text = sentence.text[:_LONGEST]
    for label, rule, message in _contradictions(text, ground, language):
        yield Check(rule=rule, sentence=sentence.text, message=message, section=section, finding=label)


def _contradictions(
    text: str, ground: _Ground, language: Language
) -> Iterator[tuple[FindingLabel, str, str]]:
    """Yield what the whole sentence contradicts, and each clause of it that names the finding does too."""
    clauses = [text, *(c for c in _CLAUSE.split(text) if c.strip())]
    for label in dict.fromkeys(_labels(text, language)):
        naming = [c for c in clauses if label in _labels(c, language)]
        faults = [_against(c, label, ground, language) for c in naming]
        if all(faults):
            yield (label, *min(faults[-1], key=lambda fault: fault[0] == "certainty"))  # the graver first


def _against(text: str, label: FindingLabel, ground: _Ground, language: Language) -> list[tuple[str, str]]:
    """Return what `text` gets wrong of every fact on `label`; nothing where it is true of one of them."""
    faults: list[tuple[str, str]] = []
    for fact in ground.brief.facts:
        if fact.finding is not label:
            continue
        wrong = list(_wrong(text, fact, ground))
        if not wrong:
            return []
        faults = faults or wrong
    return faults


def _wrong(text: str, fact: Fact, ground: _Ground) -> Iterator[tuple[str, str]]:
    line = Line(text=text, refs=[fact.ref])
    for check in check_sentence(line, ground.brief, needs_region=False):
        hedged = check.rule == "certainty" and fact.ref in ground.accepted
        if check.rule in _TOLD and not hedged:
            yield check.rule, check.message
    region = fact.region.value if fact.region else ""
    left, right = bool(_LEFT.search(text.casefold())), bool(_RIGHT.search(text.casefold()))
    if left != right and (("right" in region and left) or ("left" in region and right)):
        yield "side", f"names the other side than {region.replace('_', ' ')}"


def _left_out(
    sentences: Sequence[Sentence], section: Section, record: StudyRecord, language: Language
) -> Iterator[Check]:
    """Yield a check for each finding that is there, stands, and is in no sentence of the section."""
    referred = {uid for s in sentences for uid in s.finding_ids}
    named = {label for s in sentences for label in _labels(s.text[:_LONGEST], language)}
    told: set[FindingLabel] = set()
    for finding in record.findings:
        stands = record.assessments.get(finding.id) is not Assessment.REJECTED
        there = finding.presence is Presence.PRESENT and stands
        if not there or finding.id in referred or finding.label in named | told:
            continue
        told.add(finding.label)
        message = f"the {section} leave out {finding.label.value}, which is present"
        yield Check(rule="omission", sentence="", message=message, section=section, finding=finding.label)


def _labels(text: str, language: Language) -> list[FindingLabel]:
    named = [mark.value for mark in read_marks(text, language) if mark.kind == "term"]
    return [label for value in named for label in FindingLabel if label.value == value]
