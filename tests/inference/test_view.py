"""What a radiograph shows by its pixels decides whether it is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from inference.commands import app
from inference.eligibility import check_pixels
from inference.step import segment_study
from inference.store import ModelStore
from inference.view import NONE, SHIPPED, ViewClassifier, open_judge, seen
from inference.view_package import load_view_package, shipped_view_folder
from study.decision import Decision
from study.errors import ModelError
from study.history import Queued, Received
from study.image_kind import ImageKind, why_unread
from study.model import StudySummary
from study.pixels import attenuation_values
from study.state import State
from study.telemetry import now
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset
from training.strangers import StrangerKind, draw_stranger

SIZE = (448, 384)


@pytest.fixture(scope="module")
def classifier():
    return ViewClassifier(load_view_package())


@pytest.mark.parametrize("kind", [k for k in PhantomKind if k is not PhantomKind.CHEST])
def test_a_childs_abdomen_is_read(classifier, kind):
    for seed in (3, 4):
        values = attenuation_values(radiograph_dataset(draw_phantom(seed, kind, size=SIZE), number=1))
        assert classifier.judge(values) == Decision(True)


@pytest.mark.parametrize("kind", StrangerKind)
def test_a_stranger_is_left_unread_for_what_it_is(classifier, kind):
    names = {"leg": "extremity", "hand": "extremity"}
    values = attenuation_values(radiograph_dataset(draw_stranger(11, kind, SIZE), number=1))
    expected = why_unread(ImageKind(names.get(kind, kind)))
    assert classifier.judge(values) == Decision(False, expected)


def test_what_is_too_small_to_look_at_is_left_unread_for_that(classifier):
    assert "only 20 x 20 pixels" in classifier.judge(np.zeros((20, 20), np.float32)).reason


def test_the_threshold_weighs_all_readable_views_together(classifier):
    described = classifier.package.description
    described = described.model_copy(update={"temperature": 1.0, "threshold": 0.5})
    chances = dict.fromkeys(described.kinds, 1e-6)
    chances |= {ImageKind.SUPINE_ABDOMEN: 0.3, ImageKind.ERECT_ABDOMEN: 0.3, ImageKind.CHEST: 0.4}
    logits = np.log(np.array([chances[kind] for kind in described.kinds], np.float32))
    assert seen(logits, described).kind is ImageKind.CHEST
    assert seen(logits, described).decision.for_model
    stricter = seen(logits, described.model_copy(update={"threshold": 0.7}))
    assert stricter.decision == Decision(False, why_unread(ImageKind.CHEST))


def _queued(ledger, *phantoms) -> str:
    datasets = [radiograph_dataset(phantom, number=n) for n, phantom in enumerate(phantoms, start=1)]
    study_uid, patient = str(datasets[0].StudyInstanceUID), datasets[0].PatientID
    for dataset in datasets:
        dataset.StudyInstanceUID, dataset.PatientID = study_uid, patient
        ledger.archive.write_dataset(dataset)
    came = Received(at=now(), revision=1, calling_ae_title="NICU2", summary=StudySummary())
    ledger.append(study_uid, lambda _: came)
    ledger.append(study_uid, lambda _: Queued(at=now(), revision=1, instances=len(datasets)))
    return study_uid


def _segment(study_uid, ledger, predictor, classifier):
    return segment_study(
        study_uid,
        ledger=ledger,
        predictor=predictor,
        decide=lambda _: Decision(True),
        judge=classifier.judge,
    )


def test_a_study_goes_on_without_its_stranger(ledger, predictor, classifier):
    abdomen = draw_phantom(41, PhantomKind.CONSTIPATION, size=SIZE)
    study_uid = _queued(ledger, abdomen, draw_stranger(12, StrangerKind.SKULL, SIZE))
    record = _segment(study_uid, ledger, predictor, classifier)
    assert record.state == State.SEGMENTED
    assert len(record.radiographs) == 1
    assert list(record.not_read.values()) == [why_unread(ImageKind.SKULL)]


def test_a_study_of_strangers_alone_is_skipped_in_words(ledger, predictor, classifier):
    study_uid = _queued(ledger, draw_stranger(13, StrangerKind.UPSIDE_DOWN, SIZE))
    record = _segment(study_uid, ledger, predictor, classifier)
    assert record.state == State.SKIPPED
    assert record.reason == why_unread(ImageKind.UPSIDE_DOWN).text
    assert record.why_skipped == [why_unread(ImageKind.UPSIDE_DOWN)]


def test_a_radiograph_stored_upside_down_that_says_so_is_read(ledger, predictor, classifier):
    dataset = radiograph_dataset(draw_phantom(43, PhantomKind.CONSTIPATION, size=SIZE), number=1)
    dataset.PixelData = dataset.pixel_array[::-1, ::-1].tobytes()
    dataset.PatientOrientation = ["R", "H"]
    ledger.archive.write_dataset(dataset)
    study_uid = str(dataset.StudyInstanceUID)
    came = Received(at=now(), revision=1, calling_ae_title="NICU2", summary=StudySummary())
    ledger.append(study_uid, lambda _: came)
    ledger.append(study_uid, lambda _: Queued(at=now(), revision=1, instances=1))
    assert _segment(study_uid, ledger, predictor, classifier).state == State.SEGMENTED


def test_the_command_line_names_what_it_leaves_unread(tmp_path, monkeypatch):
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path / "home"))
    dataset = radiograph_dataset(draw_stranger(14, StrangerKind.HAND, SIZE), number=1)
    dataset.save_as(tmp_path / "hand.dcm", enforce_file_format=True)
    asked = ["segment", str(tmp_path / "hand.dcm"), "--out", str(tmp_path / "out"), "--threads", "1"]
    asked = asked[1:] if len(app.registered_commands) == 1 and not app.registered_groups else asked
    ran = CliRunner().invoke(app, asked)
    assert ran.exit_code == 0, ran.output
    assert "not read" in ran.stdout
    assert "arm or a leg" in " ".join(ran.stdout.split())
    assert not list((tmp_path / "out").iterdir())
    ran = CliRunner().invoke(app, [*asked, "--view-model", "none"])
    assert pydicom.dcmread(tmp_path / "out" / "hand.sr.dcm").Modality == "SR", ran.output


def test_the_view_package_is_listed_and_cannot_be_used_for_findings(tmp_path):
    store = ModelStore.of(tmp_path)
    held = store.find("kidray-view-phantom")
    assert held.summary.task == "view"
    assert held.shipped
    assert not held.in_use
    with pytest.raises(ModelError, match="does another task"):
        store.use(held.name)


def test_a_judge_is_opened_by_name_folder_or_not_at_all(tmp_path):
    store, values = ModelStore.of(tmp_path), np.zeros((200, 200), np.float32)
    assert open_judge(NONE, store) is check_pixels
    for asked in (SHIPPED, "kidray-view-phantom", str(shipped_view_folder())):
        assert "blank" in open_judge(asked, store)(values).reason
    with pytest.raises(ModelError, match="another task"):
        open_judge("kidray-unet-phantom", store)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, "damaged or was replaced"),
        ({"kinds": ["chest", "skull"]}, "no readable kind"),
        ({"task": "findings"}, "task"),
    ],
)
def test_a_broken_view_package_is_refused_in_words(tmp_path: Path, change, said):
    folder = tmp_path / "view"
    shutil.copytree(shipped_view_folder(), folder)
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=said):
        load_view_package(folder)
