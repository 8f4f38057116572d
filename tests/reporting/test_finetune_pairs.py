from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reporting.finetune.pairs import Left, TrainingPair, pair_of
from reporting.finetune.pairs_file import (
    collect_pairs,
    read_pairs,
    split_pairs,
    synthetic_pairs,
    write_pairs,
)
from reporting.grounding import check_wording
from reporting.prompt import messages
from study.archive import Archive
from study.errors import SettingsError
from study.history import Assessed, Drafted, Event, Queued, Received, Segmented, Signed
from study.model import (
    Assessment,
    DraftSource,
    Finding,
    Language,
    Radiograph,
    Segmentation,
    Sentence,
    Signature,
    StudySummary,
    View,
    Wording,
)
from tests.reporting.builders import FIRST, MODEL, NOW, SECOND, STUDY, draft, finding, findings, radiograph

GAS = finding("pneumoperitoneum", certainty="low", region="upper_abdomen")
STOOL = finding("constipation", region="pelvis")
SEEN = findings(GAS, STOOL)
WHO = StudySummary(
    patient_name="Hong^Gildong",
    patient_id="PID-4711-88",
    patient_birth_date="20240102",
    patient_age="003M",
    accession_number="ACC777",
    study_date="20260301",
    study_time="091500",
    study_description="Abdomen AP bilious vomiting",
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def history(
    *,
    made: list[Finding] = SEEN,
    radiographs: list[Radiograph] | None = None,
    language: Language = Language.ENGLISH,
    edits: dict[str, list[str]] | None = None,
    rejected: tuple[str, ...] = (),
    who: StudySummary = WHO,
) -> list[Event]:
    """A study that was drafted, judged, edited where `edits` says so, and signed."""
    shown = radiographs or [radiograph()]
    report = draft(made, shown, language)
    seen = Segmentation(model=MODEL, radiographs=shown, findings=made)
    events: list[Event] = [
        Received(at=at(0), revision=1, calling_ae_title="MOD", summary=who),
        Queued(at=at(1), revision=1, instances=1),
        Segmented(at=at(2), revision=1, segmentation=seen),
        Drafted(at=at(3), revision=1, report=report),
    ]
    events += [
        Assessed(at=at(4), revision=1, finding_id=uid, assessment=Assessment.REJECTED, reader="Dr Kim")
        for uid in rejected
    ]
    if edits:
        words = {name: [Sentence(text=text) for text in texts] for name, texts in edits.items()}
        source = Wording(source=DraftSource.RADIOLOGIST)
        report = report.model_copy(update={**words, "version": 2, "wording": source})
        events.append(Drafted(at=at(60), revision=1, report=report))
    under = Signature(signer="Dr Kim", signed_at=at(70))
    return [*events, Signed(at=at(70), revision=1, report=report.model_copy(update={"signature": under}))]


def made_of(events: list[Event]) -> TrainingPair:
    pair = pair_of(STUDY, events)
    assert isinstance(pair, TrainingPair), pair
    return pair


def left_of(events: list[Event]) -> tuple[str, ...]:
    pair = pair_of(STUDY, events)
    assert isinstance(pair, Left)
    return pair.rules


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("view", [View.SUPINE, View.ERECT])
@pytest.mark.parametrize(
    "made",
    [
        SEEN,
        findings(),
        findings(finding("air_fluid_levels", count=3, region="central_abdomen")),
        findings(finding("pyloric_stenosis", "indeterminate", region="left_upper_quadrant")),
    ],
)
def test_a_draft_that_is_signed_as_it_stands_is_a_grounded_pair(
    made: list[Finding], view: View, language: Language
) -> None:
    pair = made_of(history(made=made, radiographs=[radiograph(view)], language=language))
    assert check_wording(pair.reply, pair.brief) == []
    assert {ref for line in pair.reply.findings for ref in line.refs} == {f.ref for f in pair.brief.facts}
    assert not pair.edited


def test_a_radiologists_own_sentences_find_the_findings_they_rest_on() -> None:
    pair = made_of(
        history(
            edits={
                "findings": [
                    "Possible free intraperitoneal air in the upper abdomen. Stool retention in the pelvis.",
                    "No evidence of a pyloric stenosis pattern or air-fluid levels.",
                ],
                "impression": ["Possible pneumoperitoneum.", "Faecal loading."],
            }
        )
    )
    assert pair.edited
    assert [(line.text, line.refs) for line in pair.reply.findings] == [
        ("Possible free intraperitoneal air in the upper abdomen.", ["f1"]),
        ("Stool retention in the pelvis.", ["f2"]),
        ("No evidence of a pyloric stenosis pattern or air-fluid levels.", ["f3", "f4"]),
    ]
    assert [line.refs for line in pair.reply.impression] == [["f1"], ["f2"]]


def test_a_sentence_on_one_of_two_radiographs_finds_that_radiographs_finding() -> None:
    both = [radiograph(View.SUPINE, FIRST), radiograph(View.ERECT, SECOND)]
    made = [
        *findings(finding("constipation", region="pelvis")),
        *findings(finding("air_fluid_levels", count=4, region="central_abdomen", on=SECOND), on=SECOND),
    ]
    pair = made_of(
        history(
            made=made,
            radiographs=both,
            edits={
                "findings": [
                    "Multiple air-fluid levels in the central abdomen on the erect radiograph.",
                    "Stool retention in the pelvis on the supine radiograph.",
                    "No evidence of faecal loading on the erect radiograph.",
                    "No evidence of pneumoperitoneum or a pyloric stenosis pattern on these radiographs.",
                ],
                "impression": [
                    "Air-fluid levels on the erect radiograph.",
                    "Faecal loading on the supine radiograph.",
                ],
            },
        )
    )
    facts = {fact.ref: (fact.finding.value, str(fact.radiograph)) for fact in pair.brief.facts}
    assert [facts[line.refs[0]] for line in pair.reply.findings[:3]] == [
        ("air_fluid_levels", "erect"),
        ("constipation", "supine"),
        ("constipation", "erect"),
    ]
    assert len(pair.reply.findings[3].refs) == 4


@pytest.mark.parametrize(
    ("impression", "rule"),
    [
        (["Possible pneumoperitoneum, larger than before.", "Faecal loading."], "comparison"),
        (["Pneumoperitoneum.", "Faecal loading."], "certainty"),
        (["Possible pneumoperitoneum."], "omission"),
        (["Possible pneumoperitoneum in Hong Gildong.", "Faecal loading."], "unknown"),
        (["Seen by me."], "untraceable"),
    ],
)
def test_a_signed_text_beyond_its_facts_is_left_out_with_the_rule(impression: list[str], rule: str) -> None:
    assert rule in left_of(history(edits={"impression": impression}))


def test_a_rejected_finding_is_absent_in_the_pair() -> None:
    edits = {
        "findings": [
            "Faecal loading in the pelvis.",
            "No evidence of pneumoperitoneum, a pyloric stenosis pattern or air-fluid levels.",
        ],
        "impression": ["Faecal loading."],
    }
    pair = made_of(history(edits=edits, rejected=(GAS.id,)))
    gas = next(fact for fact in pair.brief.facts if fact.finding == "pneumoperitoneum")
    assert (gas.presence, gas.certainty, gas.region) == ("absent", None, None)
    assert left_of(history(rejected=(GAS.id,))) != ()  # the draft's words still assert it


def test_a_rejected_denial_leaves_unsaid_what_is_there() -> None:
    absent = next(f for f in SEEN if f.presence == "absent")
    assert left_of(history(rejected=(absent.id,))) == ("verdict",)


def test_a_study_that_nobody_signed_is_no_pair() -> None:
    assert pair_of(STUDY, history()[:-1]) is None


def test_the_set_and_its_prompts_hold_nothing_of_a_header(tmp_path: Path) -> None:
    """Names, IDs, dates, UIDs and readers stay out, even where a reader typed them into the report."""
    archive = Archive(tmp_path / "archive")
    told = {"impression": ["Possible pneumoperitoneum of Hong Gildong, ACC777.", "Faecal loading."]}
    for uid, events in {
        "1.2.826.1": history(),
        "1.2.826.2": history(edits=told),
        "1.2.826.3": history(language=Language.KOREAN),
    }.items():
        for number, event in enumerate(events, start=1):
            archive.append(uid, number, _of_study(event, uid))
    collected = collect_pairs(archive)
    assert [each.study_uid for each in collected.left] == ["1.2.826.2"]
    assert "unknown" in collected.by_rule()
    file = tmp_path / "pairs.jsonl"
    assert write_pairs(file, collected.pairs) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text() + "\n".join(str(m.content) for p in read_pairs(file) for m in messages(p.brief))
    header = [*WHO.model_dump().values(), "Hong", "Gildong", "Kim", "1.2.826", FIRST, str(NOW.year)]
    assert [value for value in header if value and value in text] == []
    assert set(json.loads(file.read_text().splitlines()[0])) == {
        "format",
        "source",
        "bucket",
        "edited",
        "brief",
        "reply",
    }


def _of_study(event: Event, uid: str) -> Event:
    if isinstance(event, Drafted | Signed):
        return event.model_copy(update={"report": event.report.model_copy(update={"study_uid": uid})})
    return event


def test_all_studies_of_a_patient_fall_on_one_side_of_the_split() -> None:
    buckets = {
        made_of(history(who=WHO.model_copy(update={"patient_id": f"{n}", "study_date": date}))).bucket
        for n in ("A1",)
        for date in ("20260101", "20260202")
    }
    assert len(buckets) == 1
    many = [
        made_of(history(who=WHO.model_copy(update={"patient_id": f"P{n}"}))).model_copy(
            update={"edited": bool(n % 2)}
        )
        for n in range(60)
    ]
    train, held = split_pairs(many, 20)
    assert train
    assert held
    assert not {p.bucket for p in train} & {p.bucket for p in held}
    with pytest.raises(SettingsError, match="0 held out"):
        split_pairs(many[:3], 0)


def test_synthetic_pairs_say_that_they_are() -> None:
    pairs = list(synthetic_pairs(20, 3))
    assert {pair.source for pair in pairs} == {"synthetic"}
    assert {pair.brief.language for pair in pairs} == set(Language)
    assert len({pair.bucket for pair in pairs}) > 10


def test_a_pairs_file_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    write_pairs(file, synthetic_pairs(2, 3))
    lines = file.read_text().splitlines()
    pair = json.loads(lines[1])
    pair["reply"]["impression"][0]["text"] = "Seen by Hong."
    file.write_text(lines[0] + "\n" + json.dumps(pair) + "\n")
    with pytest.raises(SettingsError, match="line 2 is refused") as refused:
        read_pairs(file)
    assert "Hong" not in str(refused.value)
    file.write_text(lines[0] + "\n{}\n")
    with pytest.raises(SettingsError, match="line 2 is no pair"):
        read_pairs(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_pairs(tmp_path / "none.jsonl")
