from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from reporting.difference import SignedDraft, section_change, signed_drafts
from reporting.quality import sum_up
from study.archive import Archive
from study.history import Assessed, Drafted, Event, Queued, Received, Segmented, Signed
from study.model import (
    Assessment,
    Check,
    DraftSource,
    Presence,
    Report,
    Segmentation,
    Sentence,
    Signature,
    StudySummary,
    Wording,
)
from tests.reporting.builders import MODEL, NOW, STUDY, draft, finding, findings, radiograph

GAS = finding("pneumoperitoneum", certainty="low", region="upper_abdomen")
STOOL = finding("constipation", region="pelvis")
MADE = findings(GAS, STOOL)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_history(
    *,
    signed: dict[str, object] | None = None,
    verdicts: dict[str, str] | None = None,
    minutes: float = 5.0,
) -> list[Event]:
    """A study that was drafted at second 10, edited where `signed` says so, and signed."""
    template = draft(MADE)
    worded = template.model_copy(
        update={"version": 2, "wording": Wording(source=DraftSource.LLM, llm_model="micro")}
    )
    events: list[Event] = [
        Received(at=at(0), revision=1, calling_ae_title="MOD", summary=StudySummary()),
        Queued(at=at(1), revision=1, instances=1),
        Segmented(
            at=at(2),
            revision=1,
            segmentation=Segmentation(model=MODEL, radiographs=[radiograph()], findings=MADE),
        ),
        Drafted(at=at(10), revision=1, report=template, final=False),
        Drafted(at=at(12), revision=1, report=worded),
    ]
    for finding_id, verdict in (verdicts or {}).items():
        events.append(
            Assessed(
                at=at(20), revision=1, finding_id=finding_id, assessment=Assessment(verdict), reader="Dr Kim"
            )
        )
    report: Report = worded
    if signed:
        edited = {**signed, "version": 3, "wording": Wording(source=DraftSource.RADIOLOGIST)}
        report = worded.model_copy(update=edited)
        events.append(Drafted(at=at(60), revision=1, report=report))
    when = at(10 + 60 * minutes)
    under = report.model_copy(
        update={
            "signature": Signature(signer="Dr Kim", signed_at=when),
            "critical": (verdicts or {}).get(GAS.id) != "rejected",
        }
    )
    return [*events, Signed(at=when, revision=1, report=under)]


def pairs(*histories: list[Event]) -> list[SignedDraft]:
    return [pair for events in histories for pair in signed_drafts(STUDY, events)]


def test_what_was_signed_is_held_against_the_machines_last_words():
    (pair,) = pairs(a_history(signed={"impression": [Sentence(text="Possible free gas.")]}))
    assert pair.draft.version == 2
    assert pair.draft.wording.source == "llm"
    assert pair.signed.version == 3
    assert pair.drafted_at == at(10)


def test_the_figures_are_those_of_three_reports_counted_by_hand():
    as_drafted = a_history(verdicts={GAS.id: "accepted", STOOL.id: "accepted"}, minutes=1)
    reworded = a_history(
        signed={"recommendation": [], "warnings": [Check(rule="omission", sentence="", message="m")]},
        minutes=2,
    )
    rejected = a_history(verdicts={GAS.id: "rejected"}, minutes=30)
    quality = sum_up(pairs(as_drafted, reworded, rejected))
    assert quality.reports == 3
    assert quality.untouched == 2
    gas = quality.findings["pneumoperitoneum"]
    assert (gas.asserted, gas.accepted, gas.rejected, gas.accept_rate) == (3, 1, 1, 0.5)
    assert quality.findings["constipation"].accept_rate == 1.0
    assert quality.findings["air_fluid_levels"].accept_rate is None
    recommended = draft(MADE).recommendation
    assert quality.edits["recommendation"].removed == len(recommended) == 3
    assert quality.edits["recommendation"].characters_p90 == len("\n".join(s.text for s in recommended))
    assert quality.edits["impression"].untouched == 3
    assert (quality.critical_raised, quality.critical_withdrawn, quality.critical_added) == (3, 1, 0)
    assert (quality.seconds_median, quality.seconds_p90) == (120.0, 1800.0)
    assert quality.wording == {"llm": 3}
    assert quality.objections == {"omission": 1}


def test_a_section_tells_kept_reworded_added_and_removed_sentences_apart():
    before = [Sentence(text=t) for t in ("One.", "Two.", "Three.")]
    after = [Sentence(text=t) for t in ("One.", "Twice.", "Three.", "Four.")]
    change = section_change(before, after)
    assert (change.kept, change.changed, change.added, change.removed) == (2, 1, 1, 0)
    assert change.characters == 9  # Two > Twice: 3; a new line and "Four.": 6
    assert section_change(before, before).share == 0.0
    assert section_change([], []).share == 0.0


def test_a_report_in_nobodys_draft_is_no_pair():
    events = [e for e in a_history(signed={"impression": []}) if not isinstance(e, Drafted)]
    assert pairs([*events[:3], a_history(signed={"impression": []})[-2], events[-1]]) == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    archive = Archive(tmp_path / "archive")
    events = a_history(signed={"impression": [Sentence(text="Possible free gas.")]})
    for number, event in enumerate(events, start=1):
        archive.append(STUDY, number, event)
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "150")
    return tmp_path


def test_the_command_prints_a_table_and_json_of_a_period(home: Path):
    shown = CliRunner().invoke(app, ["reports", "quality"])
    assert shown.exit_code == 0, shown.output
    assert "1 signed reports" not in shown.output
    assert "1 signed report" in shown.output
    assert "Faecal loading (constipation)" in shown.output
    answer = CliRunner().invoke(app, ["reports", "quality", "--json", "--since", "2026-03-01"])
    assert json.loads(answer.output)["edits"]["impression"]["untouched"] == 0
    assert json.loads(answer.output)["findings"]["constipation"]["accept_rate"] is None
    later = CliRunner().invoke(app, ["reports", "quality", "--since", "2026-03-02"])
    assert "No signed report in this period." in later.output


def test_the_figures_hold_no_reader_and_no_patient(home: Path):
    answer = CliRunner().invoke(app, ["reports", "quality", "--json"])
    assert "Kim" not in answer.output
    assert STUDY not in answer.output
    assert Presence.PRESENT not in json.loads(answer.output)
