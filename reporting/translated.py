"""Write a draft anew in another language, by the template. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reporting.brief import age_of
from reporting.draft import write_draft
from reporting.phrases import phrases
from study.model import Assessment, Language, PriorStudyReference, Report, Sentence, StudyRecord

SECTIONS = ("findings", "impression", "recommendation")
FIXED = ("language", "technique", "comparison", "limitations", "disclaimer")


def in_language(record: StudyRecord, language: Language) -> Report | None:
    """Return the newest version in `language`; None before there is a draft.

    What follows from findings is worded by the template, without what the reader rejected. A reader's own
    sentences, which refer to no finding, stand behind it as they were written: nobody translates them.
    """
    report = record.draft
    if report is None or record.model is None:
        return None
    anew = write_draft(
        study_uid=record.study_uid,
        revision=report.revision,
        version=report.version,
        findings=[f for f in record.findings if record.assessments.get(f.id) is not Assessment.REJECTED],
        radiographs=record.radiographs,
        language=language,
        model=record.model,
        not_read=record.not_read,
        created_at=report.created_at,
        age_band=age_of(report),
        priors=_priors(report),
    )
    sections = {name: getattr(anew, name) + own_sentences(getattr(report, name)) for name in SECTIONS}
    return report.model_copy(update=sections | {name: getattr(anew, name) for name in FIXED})


def own_sentences(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return those that a reader wrote: they follow from no finding and no rule."""
    return [s for s in sentences if s.is_a_readers]


def _priors(report: Report) -> list[PriorStudyReference] | None:
    """Return what was known of earlier studies when `report` was written; None where nobody looked."""
    if report.prior is not None:
        return [report.prior]
    unsearched: str = phrases(report.language, age_of(report))["comparison"]["unsearched"]
    return None if report.comparison == unsearched else []
