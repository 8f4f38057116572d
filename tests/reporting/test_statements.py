"""What a reader states of a finding, in drafts, checks, SR and messages: the reader's, not the model's."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage

from reporting.brief import brief_of
from reporting.difference import signed_drafts
from reporting.draft import MEASUREMENT
from reporting.fhir import report_bundle
from reporting.hl7 import oru_message
from reporting.outdated import outdated, renewed
from reporting.quality import sum_up
from reporting.reply import Line
from reporting.review import Reviewer
from reporting.sentence import check_sentence
from reporting.sr import report_sr, sr_uids
from reporting.wording import reword
from study.endpoint import Endpoint
from study.findings import FINDINGS, FindingLabel
from study.history import Signed, fold
from study.model import (
    Certainty,
    DraftSource,
    Finding,
    Language,
    Presence,
    Region,
    Report,
    Sentence,
    Statement,
    StudyRecord,
    View,
)
from study.regions import PLACES
from study.statements import Stated, plainly
from tests.inference.validators import dciodvfy
from tests.reporting.builders import (
    FIRST,
    MEASUREMENTS,
    MEASUREMENTS_SERIES,
    MODEL,
    NOW,
    SEG,
    SEG_SERIES,
    STUDY,
    draft,
    finding,
    findings,
    header,
    radiograph,
)
from tests.reporting.reports import FREE_GAS, events, reported, signed_version
from tests.reporting.test_wording import NONE, TRUTH, a_server, completion
from web_viewer.editing import sign
from web_viewer.schemas import SignRequest

GAS, STOOL, LEVELS = (
    f"{label}@{FIRST}" for label in ("pneumoperitoneum", "constipation", "air_fluid_levels")
)
BOTH = pytest.mark.parametrize("language", list(Language))
NO_STOOL = {
    Language.ENGLISH: "No evidence of faecal loading on this radiograph.",
    Language.KOREAN: "이 영상에서 분변 저류 소견 없음.",
}


def said(presence: str, certainty: str = "high", region: str | None = None) -> Statement:
    return plainly(
        Statement(
            presence=Presence(presence),
            certainty=Certainty(certainty),
            region=Region(region) if region else None,
        )
    )


def states(finding_id: str, statement: Statement | None) -> Stated:
    return Stated(at=NOW, revision=1, finding_id=finding_id, statement=statement, reader="Kim^Minji")


def record_of(made: list[Finding], *stated: Stated, language: Language = Language.ENGLISH) -> StudyRecord:
    """A drafted study after a reader's statements; its draft is from before them."""
    record = fold(STUDY, [*events(made, language=language), *stated])
    assert record is not None
    return record


def drafted_anew(record: StudyRecord) -> Report:
    assert record.draft is not None
    return draft(record.findings, record.radiographs, record.draft.language)


@BOTH
def test_what_a_reader_denies_is_not_said_of_the_model(language: Language):
    made = findings(finding("constipation", region="pelvis"))
    report = drafted_anew(record_of(made, states(STOOL, said("absent")), language=language))
    texts = [s.text for s in report.findings]
    assert NO_STOOL[language] in texts
    model = {Language.ENGLISH: "The model finds no evidence", Language.KOREAN: "모델 판독상"}[language]
    (by_model,) = [s for s in report.findings if s.text.startswith(model)]
    assert STOOL not in by_model.finding_ids


def test_levels_that_a_reader_denies_are_no_longer_what_the_view_cannot_show():
    made = findings(finding("air_fluid_levels", region="central_abdomen", count=3))
    report = drafted_anew(record_of(made, states(LEVELS, said("absent"))))
    assert "No evidence of air-fluid levels on this radiograph." in [s.text for s in report.findings]
    assert not any("cannot be assessed" in s.text for s in report.findings)
    assert report.abstentions == []


@BOTH
@pytest.mark.parametrize("label", list(FindingLabel))
def test_the_check_accepts_what_the_template_says_of_every_statement(label: FindingLabel, language: Language):
    for region in (None, *PLACES[label]):
        for presence, certainty in (
            ("present", "low"),
            ("present", "moderate"),
            ("present", "high"),
            ("indeterminate", "low"),
            ("absent", "high"),
        ):
            statement = said(presence, certainty, region)
            record = record_of(findings(), states(f"{label}@{FIRST}", statement), language=language)
            brief, ids = brief_of(record.findings, {}, language)
            refs = {uid: ref for ref, uid in ids.items()}
            report = drafted_anew(record)
            for sentence in (*report.findings, *report.impression):
                if sentence.rule_id is None:
                    line = Line(text=sentence.text, refs=[refs[uid] for uid in sentence.finding_ids])
                    assert check_sentence(line, brief, needs_region=False) == [], sentence.text
            assert Reviewer().objections(record, report) == []


@BOTH
def test_only_the_sentences_on_what_was_stated_are_worded_anew(language: Language):
    made = findings(
        finding("pneumoperitoneum", "indeterminate", region="upper_abdomen"),
        finding("constipation", region="pelvis"),
    )
    record = record_of(made, states(GAS, said("present", "high", "right_upper_quadrant")), language=language)
    before = record.draft
    assert before is not None
    own = Sentence(text="Gastric tube in the stomach.")
    wording = before.wording.model_copy(update={"source": DraftSource.RADIOLOGIST})
    edited = before.model_copy(update={"findings": [own, *before.findings], "wording": wording})
    assert {c.finding for c in outdated(record, edited)} == {"pneumoperitoneum"}
    anew = drafted_anew(record)
    after = renewed(record, edited, anew)["findings"]
    assert after[0] == own
    about = [s for s in anew.findings if s.finding_ids == [GAS] and s.rule_id is None]
    assert [s for s in after if s.finding_ids == [GAS]] == about
    others = [s for s in edited.findings if GAS not in s.finding_ids]
    assert [s for s in after if GAS not in s.finding_ids] == others
    offered = Reviewer().without_rejected(record.model_copy(update={"draft": edited}))
    assert offered is not None
    assert own in offered.findings
    assert [s.rule_id for s in offered.recommendation] == [s.rule_id for s in anew.recommendation]


def test_an_llm_never_words_what_a_reader_denies():
    made = findings(
        finding("pneumoperitoneum", certainty="moderate", region="upper_abdomen"), finding("constipation")
    )
    record = record_of(made, states(STOOL, said("absent")))
    erect = [radiograph(View.ERECT)]
    template = draft(record.findings, erect)
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        worded = reword(template, record.findings, erect, llm, at=NOW).report
    assert worded.wording.source is DraftSource.LLM
    texts = [s.text for s in worded.findings]
    assert NO_STOOL[Language.ENGLISH] in texts
    assert NONE["text"] not in texts


def in_messages(stated: list[Stated], *, signed: bool = False) -> tuple[dict[str, object], list[str]]:
    """The stool's Observation and its row of HL7, after a reader's statements on it."""
    happened = [*events(FREE_GAS), *stated]
    record = fold(STUDY, happened)
    assert record is not None
    version = drafted_anew(record)
    version = signed_version(version) if signed else version
    of = reported(happened)._replace(report=version)
    bundle = report_bundle(of)
    concept = FINDINGS[FindingLabel.CONSTIPATION].concept.value
    (found,) = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Observation"
        and entry["resource"]["code"]["coding"][0]["code"] == concept
    ]
    message = oru_message(of, Endpoint(name="EMR", url="mllp://engine"))
    (row,) = [line.split("|") for line in message.split("\r") if f"|{concept}^" in line]
    return found, row


@pytest.mark.parametrize("signed", [False, True])
def test_in_messages_a_statement_is_the_readers_and_has_no_probability(signed: bool):
    found, row = in_messages([states(STOOL, said("present", "high", "pelvis"))], signed=signed)
    assert found["performer"] == [{"display": "Kim Minji"}]
    assert "device" not in found
    assert found["valueCodeableConcept"]["coding"][0]["code"] == "52101004"  # type: ignore[index]
    assert "111012" not in json.dumps(found)  # certainty as a number
    assert (row[5].split("^")[0], row[9], row[16]) == ("52101004", "", "^Kim Minji")


def test_in_messages_what_was_taken_back_is_the_models_again():
    found, row = in_messages([states(STOOL, said("absent")), states(STOOL, None)])
    assert "performer" not in found
    assert "device" in found
    assert (row[5].split("^")[0], len(row)) == ("82334004", 19)


def the_sr(record: StudyRecord, report: Report) -> Dataset:
    results = [
        header(SEG, SegmentationStorage, SEG_SERIES),
        header(MEASUREMENTS, Comprehensive3DSRStorage, MEASUREMENTS_SERIES),
    ]
    made = report_sr(
        report,
        findings=record.findings,
        radiographs=[header()],
        results=results,
        model=MODEL,
        uids=sr_uids(report),
    )
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, made, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def within(dataset: Dataset, text: str) -> list[Dataset]:
    """What stands beneath a sentence of the tree."""
    (item,) = [
        item
        for section in dataset.ContentSequence
        if section.ValueType == "CONTAINER"
        for item in section.ContentSequence
        if item.TextValue == text
    ]
    return list(item.get("ContentSequence", []))


def test_in_the_sr_a_sentence_on_a_statement_has_the_reader_as_its_observer():
    record = record_of(FREE_GAS, states(STOOL, said("present", "high", "pelvis")))
    report = drafted_anew(record)
    dataset = the_sr(record, report)
    by_reader = next(s for s in report.findings if s.finding_ids == [STOOL])
    by_model = next(s for s in report.findings if s.finding_ids == [GAS])
    context = [i for i in within(dataset, by_reader.text) if i.RelationshipType == "HAS OBS CONTEXT"]
    assert [i.ConceptNameCodeSequence[0].CodeValue for i in context] == ["121005", "121008"]
    assert context[0].ConceptCodeSequence[0].CodeValue == "121006"  # a person
    assert str(context[1].PersonName) == "Kim Minji"
    assert {i.RelationshipType for i in within(dataset, by_model.text)} == {"INFERRED FROM"}


def test_in_the_sr_a_denial_by_a_reader_is_not_inferred_from_the_models_segment():
    record = record_of(FREE_GAS, states(GAS, said("absent")))
    report = drafted_anew(record)
    denial = next(s for s in report.findings if s.finding_ids == [GAS])
    referred = [i for i in within(the_sr(record, report), denial.text) if "ReferencedSOPSequence" in i]
    assert [i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in referred] == [FIRST]


def test_what_is_signed_in_spite_of_a_statement_is_sent_as_its_words_hold_and_not_as_the_readers():
    happened = [*events(FREE_GAS), states(GAS, said("absent"))]
    before = fold(STUDY, happened)
    assert before is not None
    assert before.draft is not None
    wish = SignRequest(version=before.draft.version, signer="Lee^Jun")
    signed = sign(before, wish, at=NOW, review=Reviewer())
    assert {check.rule for check in signed.report.warnings} == {"outdated"}
    of = reported([*happened, signed])
    gas = next(o for o in of.observations if o.id == GAS)
    assert (gas.presence, gas.observer) == (Presence.PRESENT, None)
    asserted = next(s for s in of.report.impression if s.finding_ids == [GAS])
    beneath = within(the_sr(of.record, of.report), asserted.text)
    assert {i.RelationshipType for i in beneath} == {"INFERRED FROM"}, "the reader is said to have seen it"


@BOTH
@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dicom3tools is not installed")
def test_a_validator_accepts_the_sr_of_a_statement(language: Language, tmp_path: Path):
    record = record_of(FREE_GAS, states(STOOL, said("absent")), language=language)
    report = signed_version(drafted_anew(record), "Lee^Jun")
    assert dciodvfy(the_sr(record, report), tmp_path) == []


def test_a_draft_holds_who_stated_a_finding_and_what_the_model_said():
    record = record_of(
        findings(),
        states(GAS, said("present", "high", "right_upper_quadrant")),
    )
    report = draft(record.findings, [radiograph(View.ERECT)])
    gas = next(o for o in report.observations if o.id == GAS)
    assert gas.stated is not None
    assert (gas.stated.reader, gas.stated.instead_of.presence) == ("Kim^Minji", Presence.ABSENT)
    assert report.critical
    assert report.recommendation[0].rule_id == "pneumoperitoneum-surgeon"
    assert not any(s.rule_id == MEASUREMENT for s in report.findings)  # nothing was measured


def test_what_a_reader_denies_counts_against_the_model_and_what_one_adds_counts_for_nobody():
    def figures(finding_id: str, statement: Statement) -> tuple[int, int, int]:
        happened = [*events(FREE_GAS), states(finding_id, statement)]
        record = fold(STUDY, happened)
        assert record is not None
        signed = Signed(at=NOW, revision=1, report=signed_version(drafted_anew(record)))
        (pair,) = signed_drafts(STUDY, [*happened, signed])
        fared = sum_up([pair]).findings[finding_id.partition("@")[0]]
        return fared.asserted, fared.accepted, fared.rejected

    assert figures(GAS, said("absent")) == (1, 0, 1)
    assert figures(GAS, said("present", "low")) == (1, 1, 0)
    assert figures(LEVELS, said("present")) == (0, 0, 0)
