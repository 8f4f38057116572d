"""Write a draft anew in another language, by the template. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reporting.brief import age_of
from reporting.draft import write_draft
from reporting.phrases import phrases
from study.model import (
    Assessment,
    DraftSource,
    Finding,
    Language,
    ModelIdentity,
    PriorStudyReference,
    Report,
    Sentence,
    StudyRecord,
)
from study.remeasured import remeasured

_Said = tuple[str, str | None]  # a finding's id, empty where of none; the rule
SECTIONS = ("findings", "impression", "recommendation")
FIXED = ("language", "technique", "comparison", "limitations", "disclaimer")


def in_language(record: StudyRecord, language: Language) -> Report | None:
    """Return the newest version in `language`; None before there is a draft.

    What follows from findings is worded by the template, without what the reader rejected and without the
    sentences that the reader took out or put in words of their own. A reader's own sentences, which refer
    to no finding, stand behind it as they were written: nobody translates them.
    """
    report = record.draft
    if report is None or record.model is None:
        return None
    standing = [f for f in record.findings if record.assessments.get(f.id) is not Assessment.REJECTED]
    anew = _template(record, report, record.model, standing, language)
    gone = _taken_out(record, report, record.model)
    sections = {
        name: [s for s in getattr(anew, name) if not _said(s) or _said(s) - gone[name]]
        + own_sentences(getattr(report, name))
        for name in SECTIONS
    }
    return report.model_copy(update=sections | {name: getattr(anew, name) for name in FIXED})


def _template(
    record: StudyRecord,
    report: Report,
    model: ModelIdentity,
    findings: Sequence[Finding],
    language: Language,
) -> Report:
    return write_draft(
        study_uid=record.study_uid,
        revision=report.revision,
        version=report.version,
        findings=findings,
        radiographs=record.radiographs,
        language=language,
        model=model,
        not_read=record.not_read,
        created_at=report.created_at,
        age_band=age_of(report),
        priors=_priors(report),
    )


def _taken_out(record: StudyRecord, report: Report, model: ModelIdentity) -> dict[str, set[_Said]]:
    """Return what the template said in each section and the reader's version says no more.

    What was measured or stated anew since is news, and none of it.
    """
    if report.wording.source is not DraftSource.RADIOLOGIST:
        return {name: set() for name in SECTIONS}
    was = _template(record, report, model, report.observations, report.language)
    news = remeasured(record, report)

    def said(sentences: Sequence[Sentence]) -> set[_Said]:
        return {each for sentence in sentences for each in _said(sentence) if each[0] not in news}

    return {name: said(getattr(was, name)) - said(getattr(report, name)) for name in SECTIONS}


def _said(sentence: Sentence) -> set[_Said]:
    """Return what a machine's sentence says: of which findings, by which rule."""
    if sentence.is_a_readers:
        return set()
    return {(about, sentence.rule_id) for about in sentence.finding_ids or [""]}


def own_sentences(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return those that a reader wrote: they follow from no finding and no rule."""
    return [s for s in sentences if s.is_a_readers]


def _priors(report: Report) -> list[PriorStudyReference] | None:
    """Return what was known of earlier studies when `report` was written; None where nobody looked."""
    if report.prior is not None:
        return [report.prior]
    unsearched: str = phrases(report.language, age_of(report))["comparison"]["unsearched"]
    return None if report.comparison == unsearched else []
