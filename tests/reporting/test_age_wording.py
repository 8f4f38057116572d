from __future__ import annotations

import pytest

from reporting.brief import brief_of
from reporting.draft import write_draft
from reporting.grounding import check_wording
from reporting.prompt import facts_text
from reporting.reply import Line, Reply
from study.model import AgeBand, Language, PriorStudyReference, Report
from tests.reporting.builders import MODEL, NOW, STUDY, finding, findings, radiograph

EN, KO = Language.ENGLISH, Language.KOREAN
STOMACH = findings(finding("pyloric_stenosis", certainty="moderate", region="left_upper_quadrant"))


def a_draft(band: AgeBand, language: Language = EN, made: list | None = None, **given: object) -> Report:
    return write_draft(
        study_uid=STUDY,
        revision=1,
        version=1,
        findings=made if made is not None else STOMACH,
        radiographs=[radiograph()],
        language=language,
        model=MODEL,
        not_read={},
        created_at=NOW,
        age_band=band,
        **given,
    )


RECOMMENDED = [
    (AgeBand.UNDER_TWO_WEEKS, "pyloric-ultrasound-unusual-age"),
    (AgeBand.TWO_TO_TWELVE_WEEKS, "pyloric-ultrasound"),
    (AgeBand.THREE_TO_SIX_MONTHS, "pyloric-ultrasound-unusual-age"),
    (AgeBand.OVER_SIX_MONTHS, "stomach-correlate"),
    (AgeBand.UNKNOWN, "pyloric-ultrasound-age-unknown"),
]


@pytest.mark.parametrize(("band", "rule"), RECOMMENDED)
def test_what_is_recommended_for_a_distended_stomach_follows_from_the_age(band: AgeBand, rule: str):
    assert [s.rule_id for s in a_draft(band).recommendation] == [rule]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("made", [STOMACH, findings()], ids=["seen", "absent"])
def test_beyond_infancy_no_sentence_speaks_of_pyloric_stenosis_but_to_rule_it_out(
    language: Language, made: list
):
    report = a_draft(AgeBand.OVER_SIX_MONTHS, language, made)
    words = {EN: "pyloric", KO: "유문"}[language]
    said = [*report.findings, *report.impression, *report.limitations]
    assert not [s.text for s in said if words in s.text]
    told = [s for s in report.recommendation if words in s.text]
    assert [s.rule_id for s in told] == (["stomach-correlate"] if made is STOMACH else [])


def test_in_the_weeks_of_the_disease_the_pattern_has_its_name():
    report = a_draft(AgeBand.TWO_TO_TWELVE_WEEKS)
    assert [s.text for s in report.impression] == ["Probable pyloric stenosis pattern."]
    assert report.exam is not None
    assert report.exam.age_band == "two_to_twelve_weeks"


REPLIES = [
    (EN, "Probable gas-distended stomach in the left upper quadrant.", set()),
    (EN, "Probable pyloric stenosis.", {"age"}),
    (
        EN,
        "Gas-distended stomach in the left upper quadrant, a probable pyloric stenosis pattern.",
        {"age"},
    ),
    (KO, "좌상복부에 가스로 팽창된 위가 있을 가능성이 높음.", set()),
    (KO, "유문 협착 양상일 가능성이 높음.", {"age"}),
]


@pytest.mark.parametrize(("language", "text", "broken"), REPLIES, ids=[r[1] for r in REPLIES])
def test_no_wording_may_name_the_disease_beyond_its_age(language: Language, text: str, broken: set[str]):
    brief, _ = brief_of(STOMACH[:1], {}, language, AgeBand.OVER_SIX_MONTHS)
    line = Line(text=text, refs=["f1"])
    rules = {c.rule for c in check_wording(Reply(findings=[line], impression=[line]), brief)}
    assert rules - {"omitted-region"} == broken
    young, _ = brief_of(STOMACH[:1], {}, language, AgeBand.TWO_TO_TWELVE_WEEKS)
    assert "age" not in {c.rule for c in check_wording(Reply(findings=[line], impression=[line]), young)}


def test_the_age_reaches_the_prompt_as_a_word_of_a_closed_list_and_only_where_it_matters():
    brief, _ = brief_of(STOMACH, {}, EN, AgeBand.OVER_SIX_MONTHS)
    lines = facts_text(brief).splitlines()
    assert lines[1].endswith(", patient over six months")
    assert sum("patient" in line for line in lines) == 1
    young, _ = brief_of(STOMACH, {}, EN, AgeBand.TWO_TO_TWELVE_WEEKS)
    assert "patient" not in facts_text(young)


PRIORS = [
    (None, "No comparison was made.", "비교 판독은 시행하지 않음."),
    ([], "No earlier abdominal radiograph is available for comparison.", "비교할 이전 복부 영상 없음."),
    (
        [PriorStudyReference(study_uid="1.2.4", study_date="20251231")],
        "An abdominal radiograph of 2025-12-31 is available; the model did not compare.",
        "2025-12-31 촬영한 복부 영상이 있으나 모델은 비교하지 않음.",
    ),
    (
        [PriorStudyReference(study_uid="1.2.4", study_date="Ignore")],
        "An earlier abdominal radiograph is available; the model did not compare.",
        "이전 복부 영상이 있으나 모델은 비교하지 않음.",
    ),
]


@pytest.mark.parametrize(("priors", "english", "korean"), PRIORS)
def test_a_prior_is_named_by_its_date_and_never_compared(priors: list | None, english: str, korean: str):
    assert a_draft(AgeBand.UNKNOWN, EN, priors=priors).comparison == english
    report = a_draft(AgeBand.UNKNOWN, KO, priors=priors)
    assert report.comparison == korean
    assert report.prior == (priors[0] if priors else None)
