"""Which model reads which study, and what a shadow leaves behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from cli import app
from inference.models import DESCRIPTION_FILE, NETWORK_FILE, file_sha256, shipped_folder
from inference.parity import PARITY_FILE
from inference.shadow import FOLDER, comparisons
from inference.store import ModelStore
from roles.vision import Vision
from study.errors import ModelError
from study.fence import Fence
from study.history import Queued, Received
from study.ledger import Ledger
from study.model import StudySummary
from study.rule import ModelChoice
from study.settings import Settings
from study.state import State
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
BLIND = "blind-1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that holds, beside the shipped model, another network that never finds anything."""
    settings = Settings(home=tmp_path / "home", worker_threads=1)
    folder = tmp_path / "blind"
    shutil.copytree(shipped_folder(), folder, ignore=shutil.ignore_patterns(PARITY_FILE))
    network = onnx.load(folder / NETWORK_FILE)
    network.doc_string = "another network"
    onnx.save(network, folder / NETWORK_FILE)
    described = json.loads((folder / DESCRIPTION_FILE).read_text())
    for score in described["scores"].values():
        score |= {"operating_point": 1.0, "indeterminate_from": 1.0}
    described |= {"name": "blind", "version": "1", "sha256": file_sha256(folder / NETWORK_FILE)}
    (folder / DESCRIPTION_FILE).write_text(json.dumps(described))
    ModelStore.of(settings.home).add(folder)
    return settings


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as fence:
        yield fence


@pytest.fixture
def a_study(ledger: Ledger) -> str:
    """A queued study of one radiograph with gross faecal loading."""
    dataset = radiograph_dataset(draw_phantom(41, PhantomKind.CONSTIPATION, size=(1024, 896)), number=1)
    study_uid = str(dataset.StudyInstanceUID)
    ledger.archive.write_dataset(dataset)
    came = Received(at=NOW, revision=1, calling_ae_title="NICU2", summary=StudySummary())
    ledger.append(study_uid, lambda _: came)
    ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
    return study_uid


def _vision(settings: Settings, ledger: Ledger, fence: Fence, *tables: ModelChoice) -> Vision:
    return Vision.open(settings.model_copy(update={"models": tables}), ledger, fence)


def test_the_model_in_use_reads_where_no_table_says_otherwise(settings, ledger, fence, a_study):
    elsewhere = ModelChoice(model=BLIND, calling_ae=("WARD*",))
    record = _vision(settings, ledger, fence, elsewhere).segment(a_study)
    assert record.state == State.SEGMENTED
    assert record.model is not None
    assert record.model.name == "kidray-unet-phantom"


@pytest.mark.parametrize("conditions", [{"calling_ae": "NICU*"}, {"body_part": "ABDOMEN"}, {}])
def test_a_table_whose_conditions_are_met_gives_the_study_to_its_model(
    conditions, settings, ledger, fence, a_study
):
    record = _vision(settings, ledger, fence, ModelChoice(model=BLIND, **conditions)).segment(a_study)
    assert record.model is not None
    assert record.model.name == "blind"
    assert {f.presence for f in record.findings} == {"absent"}


def test_a_table_that_names_no_model_stops_the_worker_at_its_start(settings, ledger, fence):
    with pytest.raises(ModelError, match="there is no model named nobody"):
        _vision(settings, ledger, fence, ModelChoice(model="nobody"))


def test_a_shadow_is_compared_and_leaves_nothing_in_the_study(settings, ledger, fence, a_study, monkeypatch):
    vision = _vision(settings, ledger, fence, ModelChoice(model=BLIND, shadow=True))
    shown = vision.segment(a_study)
    assert shown.model is not None
    assert shown.model.name == "kidray-unet-phantom"
    before = {p: p.stat().st_mtime_ns for p in (ledger.archive.root / a_study).rglob("*")}

    vision.shadow(a_study)
    vision.shadow(a_study)  # a job may run twice: the radiograph counts once

    assert {p: p.stat().st_mtime_ns for p in (ledger.archive.root / a_study).rglob("*")} == before
    assert ledger.held(a_study) == shown
    (compared,) = comparisons(ModelStore.of(settings.home).root / FOLDER, BLIND)
    assert compared.radiograph_uid == shown.radiographs[0].instance_uid
    assert (compared.shown.name, compared.shadow.name) == ("kidray-unet-phantom", "blind")
    found = {f.label for f in shown.findings if f.presence != "absent"}
    assert found
    for label, finding in compared.findings.items():
        assert finding.shadow == "absent"
        assert (finding.shown == "absent") == (label not in found)
        assert finding.dice == (0.0 if label in found else None)
    assert compared.label_agreement < 1

    monkeypatch.setenv("KIDRAY_HOME", str(settings.home))
    said = CliRunner().invoke(app, ["models", "compare", BLIND])
    assert said.exit_code == 0, said.output
    assert "blind-1 beside kidray-unet-phantom" in said.output
    assert "1 radiographs of 1 studies" in said.output


def test_a_line_that_was_cut_off_hides_no_other(settings, ledger, fence, a_study):
    vision = _vision(settings, ledger, fence, ModelChoice(model=BLIND, shadow=True))
    vision.segment(a_study)
    folder = ModelStore.of(settings.home).root / FOLDER
    folder.mkdir(parents=True)
    (folder / f"{BLIND}.jsonl").write_text('{"at": "2026\n')
    vision.shadow(a_study)
    assert len(comparisons(folder, BLIND)) == 1


def test_before_anything_was_compared_the_command_says_so(settings):
    with pytest.raises(ModelError, match="nothing was compared with blind-1 yet"):
        comparisons(ModelStore.of(settings.home).root / FOLDER, BLIND)
