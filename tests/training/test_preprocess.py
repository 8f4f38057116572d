"""What the network reads, and the way back to the radiograph."""

from __future__ import annotations

import numpy as np
import pytest

from inference.preprocess import Letterbox, prepare
from training.phantom import PhantomKind, draw_phantom


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.eye(5, dtype=np.float32)[labels], -1, 0)


@pytest.mark.parametrize("shape", [(512, 512), (640, 480), (480, 640), (100, 90)])
def test_masks_come_back_where_they_were(shape: tuple[int, int]) -> None:
    box = Letterbox.fit(*shape, 256)
    mask = np.zeros((4, *shape), np.bool_)
    mask[1, shape[0] // 4 : shape[0] // 2, shape[1] // 4 : shape[1] // 2] = True
    mask[3, shape[0] * 6 // 10 : shape[0] * 9 // 10, shape[1] // 2 : shape[1] * 3 // 4] = True
    back = box.masks(one_hot(box.square_labels(mask)))
    for channel in (1, 3):
        shared = np.count_nonzero(back[channel] & mask[channel]) / np.count_nonzero(
            back[channel] | mask[channel]
        )
        assert shared > 0.93
    assert not back[[0, 2]].any()


def test_masks_never_overlap() -> None:
    raw = np.random.default_rng(0).random((5, 64, 64), np.float32)
    box = Letterbox.fit(300, 200, 64)
    assert box.masks(raw / raw.sum(axis=0)).sum(axis=0).max() <= 1


def test_the_aspect_is_kept_and_the_rest_is_black() -> None:
    image = np.random.default_rng(0).random((400, 200)).astype(np.float32)
    square, box = prepare(image, 128)
    assert square.shape == (1, 128, 128)
    assert (box.height, box.width, box.left) == (128, 64, 32)
    assert (square[0, :, :32] == -1).all()
    assert (square[0, :, 96:] == -1).all()


def test_scale_and_offset_of_the_values_do_not_matter() -> None:
    phantom = draw_phantom(1, PhantomKind.NORMAL, size=(256, 256))
    image = phantom.attenuation_image
    np.testing.assert_allclose(prepare(image, 128)[0], prepare(image * 3.5 - 900, 128)[0], atol=2e-3)


@pytest.mark.parametrize("shown", ["black", "white"])
def test_a_wide_margin_does_not_change_how_the_abdomen_looks(shown: str) -> None:
    image = draw_phantom(1, PhantomKind.NORMAL, size=(256, 256)).attenuation_image
    covered = np.full_like(image, image.min() if shown == "black" else image.max())
    covered[40:216, 40:216] = image[40:216, 40:216]
    plain, margin = (prepare(i, 256)[0][0, 60:196, 60:196] for i in (image, covered))
    assert np.abs(plain - margin).mean() < 0.12


def test_an_empty_or_stacked_image_is_refused() -> None:
    with pytest.raises(ValueError, match="two-dimensional"):
        prepare(np.zeros((2, 8, 8), np.float32), 64)
    flat, _ = prepare(np.zeros((32, 32), np.float32), 64)
    assert np.isfinite(flat).all()
