"""The findings' colours can be told apart, and from grey, by readers who see fewer of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from study.findings import FINDINGS

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SEEN_BY = {
    "trichromats": np.eye(3),
    "protanopes": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopes": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopes": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
JUST_NOTICEABLE = 2.3  # a distance in CIELAB (Mahy and others 1994)
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(color: tuple[int, int, int], seen: np.ndarray) -> np.ndarray:
    """Return an sRGB colour in CIELAB as somebody sees it."""
    srgb = np.array(color) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(seen @ linear, 0, 1) / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("who", SEEN_BY)
def test_no_two_findings_look_alike(who: str):
    colors = {label: lab(definition.color, SEEN_BY[who]) for label, definition in FINDINGS.items()}
    apart = {(a, b): float(np.linalg.norm(colors[a] - colors[b])) for a, b in combinations(colors, 2)}
    assert {pair: d for pair, d in apart.items() if d < 6 * JUST_NOTICEABLE} == {}


@pytest.mark.parametrize("who", SEEN_BY)
def test_no_finding_looks_like_the_radiograph(who: str):
    chroma = {
        label: float(np.hypot(*lab(definition.color, SEEN_BY[who])[1:]))
        for label, definition in FINDINGS.items()
    }
    assert {label: c for label, c in chroma.items() if c < 3 * JUST_NOTICEABLE} == {}
