"""Phantoms: reproducible, physical, and true to their ground truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.bowel import faeces
from training.canvas import Plane
from training.phantom import ABDOMINAL_KINDS, Phantom, PhantomKind, draw_phantom
from training.physics import SOFT_PER_MM, Exposure, Thickness, detect, expose, line_integral

SMALL = (256, 256)


def mask_of(phantom: Phantom) -> np.ndarray:
    return phantom.mask[FINDINGS[FindingLabel(phantom.kind.value)].segment_number - 1]


def ring_around(mask: np.ndarray, reach: int = 7) -> np.ndarray:
    near = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    touching = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    return (near > 0) & (touching == 0)


@pytest.mark.parametrize("kind", list(PhantomKind))
def test_the_same_seed_gives_the_same_bits(kind: PhantomKind) -> None:
    first, second = draw_phantom(11, kind, size=SMALL), draw_phantom(11, kind, size=SMALL)
    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    assert (first.view, first.age_months, first.photometric) == (
        second.view,
        second.age_months,
        second.photometric,
    )
    assert draw_phantom(12, kind, size=SMALL).pixels.tobytes() != first.pixels.tobytes()


def test_a_small_drawing_shows_the_same_child_as_a_large_one() -> None:
    small = draw_phantom(5, PhantomKind.PYLORIC_STENOSIS, size=(320, 320))
    large = draw_phantom(5, PhantomKind.PYLORIC_STENOSIS, size=(1280, 1280))
    assert (small.age_months, small.view, small.bits_stored) == (
        large.age_months,
        large.view,
        large.bits_stored,
    )
    shrunk = cv2.resize(mask_of(large).astype(np.float32), (320, 320), interpolation=cv2.INTER_AREA) > 0.5
    shared = np.count_nonzero(shrunk & mask_of(small)) / np.count_nonzero(shrunk | mask_of(small))
    assert shared > 0.93
    assert large.imager_pixel_spacing_mm[0] * 1280 == pytest.approx(small.imager_pixel_spacing_mm[0] * 320)


@pytest.mark.parametrize("kind", [k for k in ABDOMINAL_KINDS if k is not PhantomKind.NORMAL])
def test_each_sign_has_ground_truth_in_its_own_channel_only(kind: PhantomKind) -> None:
    for seed in range(4):
        phantom = draw_phantom(seed, kind, size=SMALL)
        assert [bool(channel.any()) for channel in phantom.mask] == [
            label.value == kind for label in FINDINGS
        ]


def test_normal_abdomens_have_gas_but_no_ground_truth() -> None:
    for seed in range(4):
        phantom = draw_phantom(seed, PhantomKind.NORMAL, size=SMALL)
        assert not phantom.mask.any()
        image = phantom.attenuation_image / 2**phantom.bits_stored
        fine = image - cv2.GaussianBlur(image, (0, 0), 12)
        assert np.quantile(fine[64:220, 80:180], 0.02) < -0.02  # pockets darker than what lies around them


@pytest.mark.parametrize("view", [View.ERECT, View.SUPINE])
def test_free_gas_is_darker_than_what_lies_around_it(view: View) -> None:
    darker = []
    for seed in range(6):
        phantom = draw_phantom(seed, PhantomKind.PNEUMOPERITONEUM, view=view, size=(512, 512))
        gas, image = mask_of(phantom), phantom.attenuation_image / 2**phantom.bits_stored
        below = np.roll(gas, 14, axis=0) & ~gas  # the liver under a dome, the bowel under a football
        darker.append(image[below].mean() - image[gas].mean())
    assert min(darker) > 0.01


def test_gas_ends_at_a_flat_level_and_fluid_lies_below_it() -> None:
    phantom = draw_phantom(3, PhantomKind.AIR_FLUID_LEVELS, age_months=60, size=(512, 512))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask_of(phantom).astype(np.uint8))
    assert count > 2
    image = phantom.attenuation_image / 2**phantom.bits_stored
    steps = []
    for part in range(1, count):
        bottom = stats[part, cv2.CC_STAT_TOP] + stats[part, cv2.CC_STAT_HEIGHT] - 1
        across = np.flatnonzero(parts[bottom] == part)
        assert len(across) > 0.35 * stats[part, cv2.CC_STAT_WIDTH]  # flat: wide at its lowest row
        inner = across[len(across) // 4 : -len(across) // 4 or None]
        steps.append(image[bottom + 5, inner].mean() - image[bottom - 5, inner].mean())
    assert np.median(steps) > 0.015


def test_faeces_hold_gas_in_specks_and_only_within_the_loaded_length() -> None:
    plane = Plane((256, 256), np.array([[100.0, 0, 128], [0, 220.0, 10]]), 1.0, 100.0)
    silhouette = plane.tube(np.stack([np.full(50, 0.5), np.linspace(0.3, 0.7, 50)], axis=1), 16.0)
    stool = faeces(plane, silhouette, np.random.default_rng(0), gassiness=0.3)
    inside = stool.gas[silhouette == 1]
    assert not stool.gas[silhouette == 0].any()
    assert 0.1 < (inside == 0).mean() < 0.8  # soft matter between the bubbles
    assert inside.std() > 0.6 * inside.mean()


def test_the_stomach_of_an_erect_child_is_true_below_its_level_too() -> None:
    phantom = draw_phantom(4, PhantomKind.PYLORIC_STENOSIS, view=View.ERECT, size=(512, 512))
    truth = mask_of(phantom)
    rows = np.flatnonzero(truth.any(axis=1))
    image = phantom.attenuation_image / 2**phantom.bits_stored
    profile = np.array([image[row, truth[row]].mean() for row in rows])
    assert np.diff(profile).max() > 0.02  # a level, inside the ground truth


def test_levels_in_a_supine_child_are_refused() -> None:
    with pytest.raises(ValueError, match="erect"):
        draw_phantom(0, PhantomKind.AIR_FLUID_LEVELS, view=View.SUPINE, size=SMALL)


def test_bits_and_photometric_interpretation_vary() -> None:
    drawn = [draw_phantom(seed, PhantomKind.NORMAL, size=(64, 64)) for seed in range(16)]
    assert {p.photometric for p in drawn} == {"MONOCHROME1", "MONOCHROME2"}
    assert len({p.bits_stored for p in drawn}) >= 3
    assert all(int(p.pixels.max()) < 2**p.bits_stored for p in drawn)
    assert min(p.age_months for p in drawn) < 24 < max(p.age_months for p in drawn)


def slab(depth: float, gas: float = 0.0, bone: float = 0.0) -> Thickness:
    maps = [np.full((96, 96), value, np.float32) for value in (depth, bone, gas, 0.0)]
    return Thickness(soft=maps[0], bone=maps[1], gas=maps[2], lead=maps[3])


def test_attenuation_is_exponential_and_falls_with_the_tube_voltage() -> None:
    assert line_integral(slab(100), 70.0)[0, 0] == pytest.approx(100 * SOFT_PER_MM)
    assert line_integral(slab(100, gas=40), 70.0)[0, 0] == pytest.approx(60 * SOFT_PER_MM)
    soft, hard = line_integral(slab(100, bone=10), 60.0)[0, 0], line_integral(slab(100, bone=10), 80.0)[0, 0]
    assert hard < soft
    plain = Exposure(kvp=70, detector_ugy=2.5, scatter_fraction=0.0, blur_mm=0.1, contrast=0.0)
    signal = expose(line_integral(slab(100), 70.0), np.ones((96, 96), np.uint8), plain, 0.5)
    assert signal[48, 48] == pytest.approx(np.exp(-100 * SOFT_PER_MM), rel=1e-4)


def test_noise_follows_the_square_root_of_the_dose() -> None:
    signal = np.full((256, 256), 0.1, np.float32)

    def deviation(dose: float) -> float:
        exposure = Exposure(kvp=70, detector_ugy=dose, scatter_fraction=0.2, blur_mm=0.1, contrast=0.0)
        return float(detect(signal, exposure, 0.2, np.random.default_rng(0)).std())

    photons = 0.1 * 30_000 * 2.0 * 0.2**2
    assert deviation(2.0) == pytest.approx(photons**-0.5, rel=0.05)
    assert deviation(2.0) / deviation(8.0) == pytest.approx(2.0, rel=0.05)
