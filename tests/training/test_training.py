"""Training: it learns, stops and resumes to the same numbers, and its export serves what was trained."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from inference.models import load_package
from inference.predict import Predictor
from inference.unet import UNet
from study.errors import SettingsError
from study.findings import FINDINGS
from training import train as loop
from training.augment import Augmentation
from training.checkpoint import resume, save_checkpoint
from training.commands import app
from training.dataset import (
    TRAINING_CYCLE,
    PreparedSet,
    prepared_folder,
    prepared_phantoms,
    split_seed,
)
from training.export import export_package
from training.feed import Feed
from training.phantom_set import LARGEST_SET_SEED, SEED_STRIDE, write_phantoms
from training.recipe import AugmentationPart, Recipe, read_recipe
from training.split import Split

SIZE = 64
TINY = Recipe.model_validate(
    {
        "name": "tiny",
        "epochs": 2,
        "precision": "fp32",
        "batch": 7,
        "data": {"train": 14, "validation": 14, "size": SIZE},
        "network": {"width": 4, "depth": 2},
        "optimizer": {"learning_rate": 5e-3, "schedule": "cosine"},
    }
)
RICH = Recipe.model_validate(
    TINY.model_dump()
    | {
        "name": "rich",
        "half_size_epochs": 1,
        "batch": 4,
        "network": {
            "width": 4, "depth": 2, "widest": 8, "stem": 2,
            "residual": True, "deep_supervision": True, "image_head": True,
        },
        "loss": {"kind": "unified_focal"},
        "optimizer": {
            "learning_rate": 5e-3, "schedule": "cosine", "accumulation": 2, "average_decay": 0.9,
        },
        "augmentation": {"engine": "one_map", "curve": 0.5, "shading": 0.1, "blur": 1.0, "noise": 0.05},
    }
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedSet, PreparedSet]:
    cache = tmp_path_factory.mktemp("cache")
    return (
        prepared_phantoms(Split.TRAIN, 14, SIZE, cache=cache),
        prepared_phantoms(Split.VALIDATION, 14, SIZE, cache=cache),
    )


def test_no_seed_belongs_to_two_splits_or_to_a_written_set() -> None:
    largest = LARGEST_SET_SEED * SEED_STRIDE
    starts = [split_seed(split, 0) for split in Split]
    ends = [split_seed(split, 999_999, first=10_000) for split in Split]
    assert largest < starts[0]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))


def test_prepared_phantoms_are_drawn_once(prepared: tuple[PreparedSet, PreparedSet], tmp_path: Path) -> None:
    seen: list[int] = []
    first = prepared_phantoms(
        Split.TRAIN, 2, SIZE, cache=tmp_path, progress=lambda done, _: seen.append(done)
    )
    again = prepared_phantoms(
        Split.TRAIN, 2, SIZE, cache=tmp_path, progress=lambda done, _: seen.append(done)
    )
    assert seen == [1, 2]
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.images, prepared[0].images[:2])
    assert {int(n) for labels in prepared[0].labels for n in np.unique(labels)} == {0, 1, 2, 3, 4}
    assert len(prepared[0]) == 2 * len(TRAINING_CYCLE)


@pytest.mark.parametrize("recipe", [TINY, RICH], ids=lambda recipe: recipe.name)
def test_a_resumed_run_gives_the_numbers_of_an_unbroken_one(
    recipe: Recipe, prepared: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    feed, validation = Feed(prepared[0], recipe), prepared[1]
    unbroken = loop.start(recipe, feed.steps)
    loop.run_epoch(unbroken, feed, validation)
    save_checkpoint(unbroken, tmp_path / "last.pt")
    expected = loop.run_epoch(unbroken, feed, validation)
    resumed = resume(tmp_path / "last.pt", feed.steps)
    assert resumed.epoch == 1
    assert loop.run_epoch(resumed, feed, validation) == expected
    for one, other in ((unbroken.network, resumed.network), (unbroken.reader, resumed.reader)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name
    assert resumed.is_over


def test_a_run_resumed_with_another_recipe_remembers_both(
    prepared: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    training = loop.start(TINY, 2)
    loop.run_epoch(training, Feed(prepared[0], training.recipe), prepared[1])
    save_checkpoint(training, tmp_path / "last.pt")
    longer = TINY.model_copy(update={"epochs": 5})
    resumed = resume(tmp_path / "last.pt", 2, longer)
    assert (resumed.recipe, resumed.epoch, resumed.is_over) == (longer, 1, False)
    assert resumed.earlier == [{"until_epoch": 1, "recipe": TINY.model_dump(mode="json")}]
    assert resume(tmp_path / "last.pt", 2, TINY).earlier == []


def test_the_first_epochs_may_read_at_half_size_and_do_not_decide_the_best(
    prepared: tuple[PreparedSet, PreparedSet],
) -> None:
    training = loop.start(TINY.model_copy(update={"half_size_epochs": 1}), 2)
    sides = []
    training.network.register_forward_pre_hook(lambda _, given: sides.append(given[0].shape[-1]))
    loop.run_epoch(training, Feed(prepared[0], training.recipe), prepared[1])
    assert set(sides) == {SIZE // 2}
    training.best_dice = 2.0  # better than any
    sides.clear()
    loop.run_epoch(training, Feed(prepared[0], training.recipe), prepared[1])
    assert set(sides) == {SIZE}
    assert training.best_epoch == 2


def test_training_lowers_the_loss(prepared: tuple[PreparedSet, PreparedSet]) -> None:
    training = loop.start(TINY.model_copy(update={"epochs": 6}), 2)
    results = [loop.run_epoch(training, Feed(prepared[0], training.recipe), prepared[1]) for _ in range(6)]
    assert results[-1].train_loss < 0.9 * results[0].train_loss


def test_patience_ends_a_run(prepared: tuple[PreparedSet, PreparedSet]) -> None:
    training = loop.start(TINY.model_copy(update={"epochs": 300, "patience": 3}), 2)
    training.epoch, training.best_epoch = 7, 5
    assert not training.is_over
    training.epoch = 8
    assert training.is_over


def test_an_exported_package_answers_as_the_network_in_torch(
    prepared: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    training = loop.start(TINY, 2)
    loop.run_epoch(training, Feed(prepared[0], training.recipe), prepared[1])
    save_checkpoint(training, tmp_path / "best.pt")
    package = export_package(tmp_path / "best.pt", tmp_path / "model", prepared[1], name="tiny", version="1")
    assert package.size == SIZE
    assert list(package.description.scores) == list(FINDINGS)
    images = prepared[1].images[:3].astype(np.float32)[:, None]
    served = Predictor(package).runtime(images).probabilities
    training.network.eval()
    with torch.inference_mode():
        trained = torch.softmax(training.network(torch.from_numpy(images)).logits, dim=1).numpy()
    np.testing.assert_allclose(served, trained, atol=5e-3)  # half-precision weights
    assert (served.argmax(axis=1) == trained.argmax(axis=1)).mean() > 0.995
    assert "Not evaluated yet" in (tmp_path / "model" / "CARD.md").read_text(encoding="utf-8")


def test_a_package_is_evaluated_and_its_card_carries_the_figures(
    prepared: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    training = loop.start(TINY, 2)
    save_checkpoint(training, tmp_path / "best.pt")
    model = tmp_path / "model"
    export_package(tmp_path / "best.pt", model, prepared[1], name="tiny", version="1")
    done = CliRunner().invoke(
        app, ["evaluate", str(model), "--phantoms", "5", "--size", "96", "--threads", "1", "--record"]
    )
    assert done.exit_code == 0, done.output
    metrics = load_package(model).description.metrics
    assert metrics["test"]["phantoms"] == 5
    judged = [metrics["findings"][label] for label in FINDINGS]
    assert [each["sensitivity"]["count"] + each["specificity"]["count"] for each in judged] == [5, 5, 5, 5]
    assert "| Pneumoperitoneum |" in (model / "CARD.md").read_text(encoding="utf-8")


def test_the_command_trains_and_refuses_to_overwrite_a_run(tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(
        f'epochs = 1\nprecision = "fp32"\n[data]\ntrain = 7\nvalidation = 7\nsize = {SIZE}\n'
        f'cache = "{tmp_path / "cache"}"\n[network]\nwidth = 2\ndepth = 2\n',
        encoding="utf-8",
    )
    arguments = ["train", "--config", str(config), "--out", str(tmp_path / "run"), "--threads", "1"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    with (tmp_path / "run" / "log.csv").open(encoding="utf-8") as stream:
        assert [row["epoch"] for row in csv.DictReader(stream)] == ["1"]
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 1
    assert "--resume" in again.output


def test_a_folder_of_dicom_serves_as_a_data_set(tmp_path: Path) -> None:
    pairs = list(write_phantoms(tmp_path / "set", 5, 1, size=(96, 96)))
    prepared = prepared_folder(tmp_path / "set", SIZE, cache=tmp_path / "cache")
    assert prepared.images.shape == (5, SIZE, SIZE)
    expected = [set(np.flatnonzero(phantom.mask.any(axis=(1, 2))) + 1) for phantom, _ in pairs]
    assert [set(np.unique(labels)) - {0} for labels in prepared.labels] == expected


def test_augmentation_is_seeded_and_never_mirrors() -> None:
    image = np.full((SIZE, SIZE), -1, np.float32)
    labels = np.zeros((SIZE, SIZE), np.uint8)
    image[20:44, 40:56], labels[20:44, 40:56] = 0.5, 3
    augmentation = Augmentation(AugmentationPart(elastic_chance=1.0))
    one, other = augmentation(image, labels, seed=3), augmentation(image, labels, seed=3)
    np.testing.assert_array_equal(one[0], other[0])
    assert not np.array_equal(one[0], augmentation(image, labels, seed=4)[0])
    for seed in range(30):
        moved, truth = augmentation(image, labels, seed=seed)
        assert -1 <= moved.min() <= moved.max() <= 1
        assert set(np.unique(truth)) <= {0, 3}
        assert np.argwhere(truth == 3)[:, 1].mean() > SIZE / 2


def test_the_network_is_the_papers_shape() -> None:
    network = UNet(width=16)
    assert 1.9e6 < sum(p.numel() for p in network.parameters()) < 2.0e6
    assert network.eval()(torch.zeros(1, 1, 64, 64)).logits.shape == (1, 5, 64, 64)


def test_the_shipped_recipes_are_read_and_a_wrong_entry_is_named(tmp_path: Path) -> None:
    folder = Path(loop.__file__).parent / "configs"
    classic = read_recipe(folder / "unet.toml")
    assert (classic.optimizer.learning_rate, classic.optimizer.schedule, classic.epochs) == (
        1e-4,
        "plateau",
        300,
    )
    assert read_recipe(folder / "phantom.toml").network.width == 16
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[optimizer]\nlearningrate = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"optimizer\.learningrate"):
        read_recipe(wrong)
