"""Runs of the command `kidray train`: killed and resumed, shared between processes, shown as they go on."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from inference.models import load_package
from inference.predict import Predictor
from inference.scores import ALL_FEATURES
from inference.torch_runtime import TorchRuntime
from training.board import EVENTS, LOG, Board
from training.checkpoint import LAST, read_checkpoint
from training.commands import app
from training.dataset import prepared_phantoms
from training.export import export_package, serving_network
from training.recipe import Recipe, read_recipe
from training.split import Split
from training.train import EpochResult

SIDE = 48
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
RECIPE = """
name = "small"
epochs = {epochs}
half_size_epochs = 1
batch = {batch}
precision = "fp32"
[data]
train = {train}
validation = 20
size = {side}
drawing = "mix"
cache = "{cache}"
[network]
width = 4
depth = 1
stem = 2
residual = true
deep_supervision = true
image_head = true
[loss]
kind = "unified_focal"
[optimizer]
learning_rate = 2e-3
schedule = "cosine"
average_decay = 0.9
[augmentation]
engine = "one_map"
noise = 0.05
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    for split, count in ((Split.TRAIN, 16), (Split.VALIDATION, 20)):
        prepared_phantoms(split, count, SIDE, cache=folder, drawing="mix")
    return folder


def config(folder: Path, cache: Path, *, epochs: int = 3, batch: int = 4) -> Path:
    path = folder / "small.toml"
    path.write_text(
        RECIPE.format(epochs=epochs, batch=batch, train=16, side=SIDE, cache=cache), encoding="utf-8"
    )
    return path


def command(recipe: Path, out: Path, *more: str) -> list[str]:
    return ["-m", "cli", "train", "--config", str(recipe), "--out", str(out), "--threads", "1", *more]


def trained(recipe: Path, out: Path, *more: str) -> str:
    done = CliRunner().invoke(app, command(recipe, out, *more)[2:])
    assert done.exit_code == 0, done.output
    return done.output


def rows(out: Path) -> list[dict[str, str]]:
    with (out / LOG).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def unbroken(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and output of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("unbroken")
    said = trained(config(folder, cache), folder / "run")
    return folder / "run", said


@pytest.mark.timeout(400)  # processes that import torch, on a machine that others use
def test_a_run_that_was_killed_resumes_to_the_numbers_of_an_unbroken_one(
    unbroken: tuple[Path, str], cache: Path, tmp_path: Path
) -> None:
    recipe, out = config(tmp_path, cache), tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, *command(recipe, out)],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        while not (out / LAST).exists():
            assert running.poll() is None
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)  # in the second epoch, or while the first is shown
    assert len(rows(out)) < 3
    trained(recipe, out, "--resume")
    assert rows(out) == rows(unbroken[0])
    mine, theirs = (read_checkpoint(folder / LAST) for folder in (out, unbroken[0]))
    for part in ("network", "average"):
        for name, value in theirs[part].items():
            assert name == "steps" or torch.equal(mine[part][name], value), name
    assert mine["average"]["steps"] == theirs["average"]["steps"] == 3 * 4


def test_a_row_whose_checkpoint_was_never_written_is_forgotten(tmp_path: Path) -> None:
    def result(epoch: int, loss: float) -> EpochResult:
        return EpochResult(epoch, loss, 1.0, 0.5, 1e-3, {"constipation": 0.5}, {})

    for finished, epoch, loss in ((0, 1, 0.8), (1, 2, 0.7), (1, 2, 0.6)):  # killed after the second row
        board = Board(tmp_path, finished)
        board.epoch(result(epoch, loss), seconds=1.0, waited=0.0)
        board.close()
    assert [(row["epoch"], row["train_loss"]) for row in rows(tmp_path)] == [("1", "0.8"), ("2", "0.6")]
    assert rows(tmp_path)[0]["dice_constipation"] == "0.5"
    assert rows(tmp_path)[0]["auroc_constipation"] == ""


@pytest.mark.timeout(400)  # processes that import torch, on a machine that others use
def test_two_processes_train_as_one_with_the_double_batch(
    unbroken: tuple[Path, str], cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launcher, *command(config(tmp_path, cache, batch=2), out)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 3 of 3") == 1  # one process speaks
    for mine, alone in zip(rows(out), rows(unbroken[0]), strict=True):
        for loss in ("train_loss", "validation_loss"):
            # Each process normalises by its own half of the batch, so the numbers are near, not equal.
            assert float(mine[loss]) == pytest.approx(float(alone[loss]), rel=0.05)
        assert mine["learning_rate"] == alone["learning_rate"]


def test_a_run_says_how_long_it_will_take_and_how_long_it_waited(unbroken: tuple[Path, str]) -> None:
    said = unbroken[1]
    assert "epoch 1 of 3" in said
    assert "waiting for batches" in said
    assert "min left" in said


def test_tensorboard_reads_losses_dice_rate_and_overlays(unbroken: tuple[Path, str]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(unbroken[0] / EVENTS))
    events.Reload()
    shown = events.Tags()["scalars"]
    assert {"loss/train", "loss/validation", "dice/all", "learning rate"} <= set(shown)
    assert any(name.startswith("dice/") and name != "dice/all" for name in shown)
    written = [event.value for event in events.Scalars("loss/train")]
    assert written == pytest.approx([float(row["train_loss"]) for row in rows(unbroken[0])], rel=1e-5)
    assert len(events.Images("validation/0")) == 3


def test_a_package_with_a_head_answers_as_the_average_of_the_weights(
    unbroken: tuple[Path, str], cache: Path, tmp_path: Path
) -> None:
    validation = prepared_phantoms(Split.VALIDATION, 20, SIDE, cache=cache, drawing="mix")
    checkpoint = unbroken[0] / LAST
    exported = export_package(checkpoint, tmp_path / "model", validation, name="small", version="1")
    package = load_package(exported.folder)
    assert package.description.features == list(ALL_FEATURES)
    assert all(len(score.weights) == len(ALL_FEATURES) for score in package.description.scores.values())
    content = read_checkpoint(checkpoint)
    network = serving_network(Recipe.model_validate(content["recipe"]), content)
    torch.testing.assert_close(network.head[0].weight, content["average"]["head.0.weight"])
    images = validation.images[:4].astype(np.float32)[:, None]
    with torch.inference_mode():
        expected = network(torch.from_numpy(images))
    for runtime in (Predictor(package).runtime, TorchRuntime(package, device="cpu")):
        answer = runtime(images)
        np.testing.assert_allclose(answer.probabilities, torch.softmax(expected.logits, 1).numpy(), atol=5e-3)
        np.testing.assert_allclose(answer.head, expected.findings.numpy(), atol=2e-2)


def test_the_recipe_that_trains_the_shipped_model_is_read() -> None:
    best = read_recipe(Path(__file__).parents[2] / "training" / "configs" / "best.toml")
    assert best.data.size == 512
    assert 0 < best.half_size_epochs < best.epochs
    assert best.loss.kind == "unified_focal"
