"""Damaged data sets, all the way from the door to the findings: read, or refused by name."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from itertools import chain, count, cycle, islice
from pathlib import Path

import psutil
import pydicom.config
import pytest
from structlog.testing import capture_logs

from dicom_node.rules import decide
from inference.models import load_package
from inference.predict import Predictor
from inference.step import segment_study
from study.errors import KidrayError, NotDicomError, PixelDataError
from study.fence import Fence, FenceLimits
from study.history import Queued
from study.inspection import file_meta
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from tests.fuzz.corpus import Sound, others, radiographs
from tests.fuzz.mutation import TIMES, mutant

MUTANTS = 400 * TIMES  # at the door, through all that it checks
READ = 30 * TIMES  # of those that it let in
DECODED = 200 * TIMES  # with damaged pixel data
SEED = 20260301


@pytest.fixture(autouse=True)
def _as_in_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pydicom be as lenient as the node makes it."""
    monkeypatch.setattr(pydicom.config.settings, "_reading_validation_mode", pydicom.config.IGNORE)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(load_package(), threads=1)


@pytest.fixture
def intake(ledger: Ledger, queue: JobQueue) -> Intake:
    return Intake(ledger, queue, quiet_period=60)


def damaged(sounds: Iterable[Sound], *, within: int) -> Iterator[tuple[Sound, bytes]]:
    chance = random.Random(SEED)
    for sound in sounds:
        yield sound, mutant(sound.body, chance, within=within)


def taken(intake: Intake, sound: Sound, body: bytes) -> str | None:
    """Give it to the intake; returns its study, or None where it was refused by name."""
    try:
        return intake.take(
            body,
            sop_class_uid=sound.sop_class_uid,
            instance_uid=sound.instance_uid,
            transfer_syntax_uid=str(sound.syntax),
            calling_ae_title="FUZZ",
        ).ref.study_uid
    except KidrayError:
        return None


@pytest.mark.timeout(60 * TIMES + 120)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_damaged_data_set_is_stored_or_refused_by_name(intake: Intake) -> None:
    sounds = islice(cycle([*radiographs(), *others()]), MUTANTS)
    before = psutil.Process().memory_info().rss
    outcomes: Counter[bool] = Counter()
    slowest = 0.0
    for sound, body in damaged(sounds, within=2000):
        began = time.process_time()
        outcomes[taken(intake, sound, body) is not None] += 1
        slowest = max(slowest, time.process_time() - began)
    assert min(outcomes.values()) > MUTANTS // 20, f"the damage is too much alike: {outcomes}"
    assert slowest < 10
    assert psutil.Process().memory_info().rss - before < 300 << 20
    for file in intake.archive.root.rglob("*.dcm"):
        assert file.resolve().is_relative_to(intake.archive.root.resolve())


@pytest.mark.timeout(60 * TIMES + 120)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_was_let_in_is_read_or_named_and_no_reader_ends(
    intake: Intake, ledger: Ledger, predictor: Predictor
) -> None:
    now = datetime(2026, 3, 1, tzinfo=timezone.utc)
    let_in = (
        study_uid
        for sound, body in damaged(chain.from_iterable(map(radiographs, count())), within=1200)
        if (study_uid := taken(intake, sound, body)) is not None
    )
    outcomes: Counter[str] = Counter()
    with capture_logs() as lines, Fence(1, FenceLimits()) as fence:
        for study_uid in islice(let_in, READ):
            ledger.append(study_uid, lambda record: Queued(at=now, revision=record.revision, instances=1))
            try:
                record = segment_study(
                    study_uid,
                    ledger=ledger,
                    predictor=predictor,
                    decide=decide,
                    values_of=fence.attenuation_values,
                    header_of=fence.header,
                )
            except PixelDataError:  # it was all that the study held
                outcomes["unreadable"] += 1
            else:
                outcomes[record.state] += 1
    assert outcomes["segmented"] > READ // 10, outcomes
    assert "fenced_child_ended" not in {line["event"] for line in lines}


@pytest.mark.timeout(60 * TIMES + 120)
def test_damaged_pixel_data_is_decoded_or_refused_by_name(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    sounds = [s for s in radiographs() if s.syntax.is_encapsulated]
    outcomes: Counter[str] = Counter()
    with capture_logs() as lines, Fence(1, FenceLimits(memory=512 << 20, cpu_seconds=2)) as fence:
        for number in range(DECODED):
            sound = sounds[number % len(sounds)]
            at = sound.body.rindex(b"\xe0\x7f\x10\x00")
            path = tmp_path / f"2.25.{number}.dcm"
            meta = file_meta(sound.sop_class_uid, sound.instance_uid, sound.syntax)
            path.write_bytes(meta + sound.body[:at] + mutant(sound.body[at:], chance))
            try:
                fence.attenuation_values(path)
                outcomes["read"] += 1
            except (PixelDataError, NotDicomError) as error:
                outcomes[type(error).__name__] += 1
            path.unlink()
        path.write_bytes(meta + sound.body)
        assert fence.attenuation_values(path).shape == (160, 144)
    ended = [line["by"] for line in lines if line["event"] == "fenced_child_ended"]
    print(f"{dict(outcomes)}; codecs that ended their process: {Counter(ended)}")
    assert outcomes["read"] > 0, outcomes
    assert outcomes["PixelDataError"] > 0, outcomes
