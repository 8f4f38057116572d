from __future__ import annotations

from datetime import timedelta

from reporting.draft import write_draft
from study.findings import FINDINGS
from study.history import EVENT, Drafted
from study.model import Language, Report, View
from tests.reporting.builders import FIRST, MODEL, NOW, STUDY, draft, finding, findings, radiograph

MADE = findings(
    finding("pneumoperitoneum", certainty="low", region="upper_abdomen", segment=True),
    finding("constipation", "indeterminate", region="pelvis"),
)


def test_a_report_holds_every_finding_with_codes_measurement_and_segment():
    report = draft(MADE)
    assert [o.label for o in report.observations][:2] == ["pneumoperitoneum", "constipation"]
    assert {o.id for o in report.observations} == {f.id for f in MADE}
    gas = report.observations[0]
    assert (gas.code.scheme, gas.code.value) == ("SCT", "17204006")
    assert (gas.presence_code.value, gas.certainty, gas.region) == ("52101004", "low", "upper_abdomen")
    assert (gas.area_mm2, gas.probability) == (1234.0, 0.9)
    assert gas.segment is not None
    for observation in report.observations:
        assert observation.code.meaning == FINDINGS[observation.label].concept.meaning


def test_every_sentence_refers_to_findings_that_the_report_holds():
    report = draft(MADE)
    held = {o.id for o in report.observations}
    for sentence in [*report.findings, *report.impression, *report.recommendation]:
        assert set(sentence.finding_ids) <= held
    assert all(s.finding_ids for s in report.impression)
    assert all(s.rule_id for s in report.recommendation)


def test_the_alert_names_its_rule_its_findings_and_when_they_were_made():
    made_at = NOW - timedelta(seconds=3)
    report = write_draft(
        study_uid=STUDY,
        revision=1,
        version=1,
        findings=MADE,
        radiographs=[radiograph()],
        language=Language.ENGLISH,
        model=MODEL,
        not_read={},
        created_at=NOW,
        identified_at=made_at,
    )
    assert report.alert is not None
    assert report.alert.rule_id == "critical-pneumoperitoneum"
    assert report.alert.finding_ids == [f"pneumoperitoneum@{FIRST}"]
    assert report.alert.identified_at == made_at
    assert report.alert.told_to is None
    assert draft(findings()).alert is None


def test_what_the_model_did_not_answer_is_kept_as_an_abstention():
    (levels,) = draft(MADE).abstentions
    assert (levels.rule_id, levels.finding_ids) == ("not-assessable", [f"air_fluid_levels@{FIRST}"])
    assert draft(MADE, [radiograph(View.ERECT)]).abstentions == []


def test_exam_quality_and_models_are_kept():
    report = draft(MADE, [radiograph(View.ERECT)])
    assert report.exam is not None
    assert (report.exam.radiographs, report.exam.views) == ([FIRST], ["erect"])
    assert report.quality is not None
    assert report.quality.assessed == 1
    assert set(report.quality.limits) <= {s.rule_id for s in report.limitations}
    assert report.models == [MODEL]


NEW = {
    "follows",
    "exam",
    "quality",
    "observations",
    "prior",
    "alert",
    "abstentions",
    "models",
    "warnings",
}


def test_an_event_of_an_older_archive_still_reads():
    report = draft(MADE)
    old = {k: v for k, v in report.model_dump(mode="json").items() if k not in NEW}
    old["wording"].pop("server")
    event = EVENT.validate_python({"kind": "drafted", "at": NOW, "revision": 1, "report": old})
    assert isinstance(event, Drafted)
    assert event.report.observations == []
    assert event.report.impression == report.impression


def test_a_report_is_the_same_after_a_way_through_json():
    report = draft(MADE)
    assert Report.model_validate_json(report.model_dump_json()) == report
