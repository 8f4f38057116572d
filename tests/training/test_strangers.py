"""Strangers: images that are no child's abdomen from the front."""

from __future__ import annotations

import numpy as np
import pytest

from dicom_node.rules import decide
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset
from training.strangers import StrangerKind, draw_stranger

SIZE = (256, 224)


@pytest.mark.parametrize("kind", list(StrangerKind))
def test_a_stranger_belongs_to_its_seed_and_has_no_finding(kind: StrangerKind) -> None:
    first, again, other = (draw_stranger(seed, kind, SIZE) for seed in (5, 5, 6))
    assert first.pixels.tobytes() == again.pixels.tobytes() != other.pixels.tobytes()
    assert first.pixels.shape == SIZE
    assert int(first.pixels.max()) < 2**first.bits_stored
    assert not first.mask.any()
    assert first.findings == frozenset()
    assert first.stranger == kind.value


def test_an_inverted_image_has_bone_darker_than_flesh() -> None:
    for seed in range(4):
        image = draw_stranger(seed, StrangerKind.INVERTED, SIZE).attenuation_image
        spine, flank = image[100:140, 104:120].mean(), image[100:140, 70:90].mean()
        assert spine < flank


def test_an_adult_is_an_adult_and_far_larger_than_a_child() -> None:
    for seed in range(4):
        adult = draw_stranger(seed, StrangerKind.ADULT_ABDOMEN, SIZE)
        child = draw_phantom(seed, PhantomKind.NORMAL, age_months=120, size=SIZE)
        assert adult.age_months >= 30 * 12
        assert adult.imager_pixel_spacing_mm[0] > 1.15 * child.imager_pixel_spacing_mm[0]


def test_noise_has_no_body_in_it() -> None:
    image = draw_stranger(2, StrangerKind.NOISE, SIZE).attenuation_image
    assert np.corrcoef(image[:, :-8].ravel(), image[:, 8:].ravel())[0, 1] < 0.9


def test_most_strangers_cannot_be_told_by_their_header() -> None:
    told = {
        kind
        for kind in StrangerKind
        if not decide(radiograph_dataset(draw_stranger(4, kind, SIZE), number=1)).for_model
    }
    assert told == {StrangerKind.CHEST, StrangerKind.LATERAL_ABDOMEN, StrangerKind.ADULT_ABDOMEN}
