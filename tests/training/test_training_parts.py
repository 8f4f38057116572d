"""The parts of a training alone: losses, augmentation, batches, the average of the weights, the switches."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from inference.unet import UNet
from training import ablation
from training.average import AverageNetwork
from training.dataset import PreparedSet
from training.feed import Feed
from training.losses import CLAMP, image_loss, unified_focal_loss
from training.ranks import Ranks
from training.recipe import AugmentationPart, Recipe, read_recipe
from training.train import start
from training.warp import OneMap

CONFIGS = Path(ablation.__file__).parent / "configs"
SIDE = 96


def logits_of(shares: np.ndarray) -> Tensor:
    """Logits whose softmax are the shares, (N, C, H, W)."""
    return torch.from_numpy(np.log(shares)).requires_grad_()


def two_pixels(background: float) -> np.ndarray:
    """One image of a background pixel and a pixel of class 1, the network's share of the background given."""
    return np.array([[[[background, background]], [[1 - background, 1 - background]]]])


def test_the_unified_focal_loss_by_hand() -> None:
    labels = torch.tensor([[[0, 1]]])
    share, delta, gamma = 0.8, 0.6, 0.5
    entropy = -((1 - delta) * (1 - share) ** gamma * np.log(share) + delta * np.log(1 - share)) / 2
    overlap, missed, invented = 1 - share, share, 1 - share  # of class 1
    index = (overlap + 1) / (overlap + delta * missed + (1 - delta) * invented + 1)
    behind = (share + 1) / (share + delta * (1 - share) + (1 - delta) * share + 1)
    region = ((1 - behind) + (1 - index) ** (1 - gamma)) / 2
    for weight in (0.0, 0.5, 1.0):
        loss = unified_focal_loss(
            logits_of(two_pixels(share)), labels, region_share=weight, delta=delta, gamma=gamma
        )
        assert float(loss.detach()) == pytest.approx((1 - weight) * entropy + weight * region, rel=1e-5)


def test_what_is_missed_costs_more_than_what_is_invented() -> None:
    def loss(background: list[float], labels: list[int]) -> float:
        shares = np.array([[[background], [[1 - share for share in background]]]])
        return float(
            unified_focal_loss(logits_of(shares), torch.tensor([[labels]]), region_share=0.0).detach()
        )

    assert loss([0.9, 0.1, 0.9], [0, 1, 1]) > 1.4 * loss([0.9, 0.1, 0.1], [0, 0, 1])


def test_a_finding_that_is_not_there_counts_in_the_entropy_alone() -> None:
    shares = np.full((1, 5, 4, 4), 0.05)
    shares[:, 0] = 0.8
    labels = torch.zeros(1, 4, 4, dtype=torch.int64)
    with_all = unified_focal_loss(logits_of(shares), labels, region_share=1.0)
    index = (0.8 * 16 + 1) / (0.8 * 16 + 0.6 * 0.2 * 16 + 1)
    assert float(with_all.detach()) == pytest.approx(1 - index, rel=1e-5)


@pytest.mark.parametrize("margin", [0.0, 60.0])
def test_the_slope_is_finite_even_where_all_is_right(margin: float) -> None:
    labels = torch.tensor([[[0, 1], [2, 4]]])
    logits = (margin * torch.nn.functional.one_hot(labels, 5).permute(0, 3, 1, 2).float()).requires_grad_()
    loss = unified_focal_loss(logits, labels)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    if margin:
        assert float(loss.detach()) < 2 * CLAMP**0.5


def test_the_heads_loss_by_hand() -> None:
    loss = image_loss(torch.tensor([[2.0, -1.0]]), torch.tensor([[True, False]]))
    assert float(loss) == pytest.approx((np.log1p(np.exp(-2)) + np.log1p(np.exp(-1))) / 2, rel=1e-5)


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """An image whose bright square is its ground truth, right of the middle."""
    image, labels = np.full((SIDE, SIDE), -1, np.float32), np.zeros((SIDE, SIDE), np.uint8)
    image[30:66, 56:84], labels[30:66, 56:84] = 0.9, 2
    return image, labels


def test_one_map_moves_image_and_ground_truth_alike_and_never_mirrors() -> None:
    augment = OneMap(AugmentationPart(elastic_chance=1.0, brightness=0.0, contrast=0.0))
    areas = []
    for seed in range(40):
        image, labels = augment(*drawn(), seed=seed)
        bright, true = image > 0, labels == 2
        assert np.count_nonzero(bright & true) > 0.95 * np.count_nonzero(bright | true)
        assert set(np.unique(labels)) <= {0, 2}
        assert np.argwhere(true)[:, 1].mean() > SIDE / 2
        areas.append(np.count_nonzero(true))
    assert max(areas) > 1.1 * min(areas)


def test_one_map_is_seeded_and_stays_in_range() -> None:
    augment = OneMap(AugmentationPart(elastic_chance=0.5, curve=0.5, shading=0.3, blur=1.5, noise=0.2))
    for seed in range(20):
        one, other = augment(*drawn(), seed=seed), augment(*drawn(), seed=seed)
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
        assert one[0].dtype == np.float32
        assert -1 <= one[0].min() <= one[0].max() <= 1
    assert not np.array_equal(augment(*drawn(), seed=1)[0], augment(*drawn(), seed=2)[0])


def test_elastic_deformation_never_folds() -> None:
    augment = OneMap(AugmentationPart(elastic_chance=1.0, shift=0, scale=0, rotation=0))
    for seed in range(30):
        source = augment._source(np.random.default_rng(seed), SIDE)
        across, down = np.gradient(source[..., 0], axis=1), np.gradient(source[..., 1], axis=0)
        assert (across > 0).mean() > 0.999
        assert (down > 0).mean() > 0.999


@pytest.fixture(scope="module")
def a_set() -> PreparedSet:
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (13, 32, 32)).astype(np.float16)
    images[:, 0, 0] = np.arange(13) / 16  # a name, where nothing is augmented
    return PreparedSet(images, rng.integers(5, size=(13, 32, 32)).astype(np.uint8), rng.random((13, 4)) < 0.5)


STILL = {
    "engine": "one_map", "shift": 0, "scale": 0, "rotation": 0, "brightness": 0, "contrast": 0,
    "elastic_chance": 0,
}  # fmt: skip


def test_two_processes_see_together_what_one_sees_with_the_double_batch(a_set: PreparedSet) -> None:
    still = AugmentationPart.model_validate(STILL).model_copy(update={"engine": "one_map"})
    alone = Recipe(batch=4, augmentation=still)
    shared = alone.model_copy(update={"batch": 2})
    feeds = [Feed(a_set, shared, Ranks(rank, 2, rank)) for rank in range(2)]
    halves = [list(feed.epoch(3)) for feed in feeds]
    whole = list(Feed(a_set, alone).epoch(3))
    assert feeds[0].steps == len(halves[0]) == len(halves[1]) == 3
    for mine, others, both in zip(*halves, whole, strict=False):
        together = torch.cat([mine.present, others.present])
        assert sorted(map(str, together.tolist())) == sorted(map(str, both.present.tolist()[: len(together)]))


def test_batches_do_not_depend_on_how_many_threads_prepare_them(a_set: PreparedSet) -> None:
    recipe = Recipe(batch=4, half_size_epochs=1, augmentation=AugmentationPart(elastic_chance=0.5))
    for engine in ("albumentations", "one_map"):
        strength = recipe.augmentation.model_copy(update={"engine": engine})
        one, many = (
            list(Feed(a_set, recipe.model_copy(update={"augmentation": strength}), workers=n).epoch(e))
            for n, e in ((1, 0), (3, 0))
        )
        assert [len(batch.images) for batch in one] == [4, 4, 4, 1]
        for mine, others in zip(one, many, strict=True):
            assert mine.images.shape[-1] == 16
            for part, other in zip(mine, others, strict=True):
                assert torch.equal(part, other)


def test_an_epoch_shows_every_radiograph_once_in_its_own_order(a_set: PreparedSet) -> None:
    still = AugmentationPart.model_validate(STILL)
    feed = Feed(
        PreparedSet(a_set.images, a_set.labels, np.eye(13, 4, dtype=np.bool_)), Recipe(augmentation=still)
    )
    shown = [torch.cat([batch.labels for batch in feed.epoch(number)]) for number in (0, 0, 1)]
    assert torch.equal(shown[0], shown[1])
    assert not torch.equal(shown[0], shown[2])
    sums = [sorted(labels.sum(dim=(1, 2)).tolist()) for labels in shown]
    assert sums[0] == sums[2] == sorted(a_set.labels.sum(axis=(1, 2)).tolist())


def test_the_average_follows_the_weights() -> None:
    network = UNet(2, 1)
    average = AverageNetwork(network, 0.9)
    before = average.network.head.weight.clone()
    with torch.no_grad():
        network.head.weight += 1.0
    average.follow(network)  # the first step keeps 2 of 11
    torch.testing.assert_close(average.network.head.weight, before + 9 / 11)
    average.steps = 1000
    average.follow(network)
    torch.testing.assert_close(average.network.head.weight, before + 9 / 11 + (2 / 11) * 0.1)
    assert not any(parameter.requires_grad for parameter in average.network.parameters())


def test_accumulated_batches_make_one_step() -> None:
    recipe = Recipe.model_validate(
        {
            "epochs": 1,
            "optimizer": {"schedule": "cosine", "accumulation": 3},
            "network": {"width": 2, "depth": 1},
        }
    )
    training = start(recipe, steps_per_epoch=7)
    rates = [training.scheduler.lr_lambdas[0](step) for step in range(4)]
    assert rates[0] == 1.0
    assert rates[3] == pytest.approx(0.0, abs=1e-9)  # after ceil(7 / 3) steps


def test_the_network_answers_at_every_level_only_while_it_is_trained() -> None:
    network = UNet(4, 3, widest=8, stem=2, residual=True, deep_supervision=True, image_head=True)
    answers = network.train()(torch.zeros(2, 1, 64, 64))
    assert answers.logits.shape == (2, 5, 64, 64)
    assert [level.shape[-1] for level in answers.deeper] == [16, 8]
    assert answers.findings is not None
    assert answers.findings.shape == (2, 4)
    assert network.eval()(torch.zeros(2, 1, 64, 64)).deeper == ()
    assert max(block.body[0].out_channels for block in network.down) == 8
    plain = UNet(4, 3).eval()(torch.zeros(2, 1, 64, 64))
    assert (plain.deeper, plain.findings) == ((), None)


def test_the_head_learns_through_the_maps_and_the_deepest_features() -> None:
    network = UNet(4, 2, image_head=True)
    image_loss(network(torch.randn(2, 1, 32, 32)).findings, torch.ones(2, 4)).backward()
    assert network.down[-1][0].weight.grad.abs().sum() > 0
    assert network.head.weight.grad.abs().sum() > 0


def test_each_switch_turns_back_what_it_names_and_nothing_else() -> None:
    best = read_recipe(CONFIGS / "best.toml")
    for name, switch in {**ablation.SWITCHES, "classic": ablation.CLASSIC}.items():
        turned = ablation.switched(best, switch).model_dump()
        for part, value in best.model_dump().items():
            changed = switch.entries.get(part, {})
            expected = value | changed if isinstance(value, dict) else (changed or turned[part])
            assert turned[part] == expected, (name, part)
        assert name == "best" or turned != best.model_dump(), name


def test_the_table_takes_its_place_in_the_document(tmp_path: Path) -> None:
    document = tmp_path / "training.md"
    document.write_text(f"before\n{ablation.BEGINS}\nold\n{ablation.ENDS}\nafter\n", encoding="utf-8")
    scale = argparse.Namespace(size=64, width=4, train=10, validation=10, epochs=2)
    rows = {
        "best": ablation.Row(0.9, {}, 0.95, 0.96, 12.0),
        "image_head": ablation.Row(0.8, {}, 0.9, None, 9),
    }
    ablation.write(ablation.table(rows, scale), document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| nothing: `best.toml` | 0.900 | 0.950 | 0.960 | 12 |" in text
    assert "| no image-level head | 0.800 | 0.900 | none | 9 |" in text
