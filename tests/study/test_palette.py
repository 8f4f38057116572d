"""The findings' colours stay apart, and off grey, for readers who see colours otherwise.

Dichromacy is simulated with the matrices of Machado, Oliveira and Fernandes, "A Physiologically-based Model
for Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.0, on linear sRGB. Distances are
CIE 1976 ΔE*ab; 2.3 is just noticeable, and outlines are two pixels wide.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from study.findings import FINDINGS

VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
APART = 30.0  # ΔE*ab between any two
OFF_GREY = 28.0  # between any of them and any grey
FILLED = 8.0  # the same under the fill, which lets most of the image through
FILL = 0.30  # as the viewer opens, and as captures are drawn

Colors = NDArray[np.float64]


def linear(srgb: Colors) -> Colors:
    """sRGB 0..1 to linear (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: Colors) -> Colors:
    """Linear sRGB (n, 3) to CIE L*a*b* (n, 3)."""
    xyz = rgb @ TO_XYZ.T / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def seen(srgb: Colors, vision: str) -> Colors:
    """What somebody sees of colours (n, 3), sRGB 0..255, as CIE L*a*b*."""
    return lab(np.clip(linear(srgb / 255) @ VISION[vision].T, 0, 1))


def palette() -> Colors:
    return np.array([definition.color for definition in FINDINGS.values()], float)


@pytest.mark.parametrize("vision", VISION)
def test_any_two_findings_are_told_apart(vision: str):
    colors = seen(palette(), vision)
    nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(colors, 2))
    assert nearest >= APART


@pytest.mark.parametrize("vision", VISION)
def test_no_finding_looks_like_a_grey_of_the_radiograph(vision: str):
    greys = seen(np.repeat(np.arange(256.0)[:, None], 3, axis=1), vision)
    for color in seen(palette(), vision):
        assert float(np.linalg.norm(greys - color, axis=1).min()) >= OFF_GREY


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("grey", [40.0, 90.0, 140.0, 190.0])
def test_a_fill_is_told_from_the_image_beneath_it_and_from_the_other_fills(vision: str, grey: float):
    filled = np.append(palette() * FILL + grey * (1 - FILL), [[grey] * 3], axis=0)
    looks = seen(filled, vision)
    nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(looks, 2))
    assert nearest >= FILLED


def test_the_measure_tells_a_bad_colour_from_a_good_one():
    bluish_green = seen(np.array([[0.0, 158.0, 115.0]]), "deuteranopia")[0]
    assert float(np.hypot(bluish_green[1], bluish_green[2])) < OFF_GREY / 2
