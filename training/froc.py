"""Free-response ROC: of all lesions, how many are found at how many false alarms an image. Pure.

A lesion is a connected part of a finding's ground truth; a candidate is a connected part of its map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.measure import SMALLEST_PART, SMALLEST_SHARE, WEAKEST_SUSPICION

HIT_SHARE = 0.25  # of a lesion that one candidate must cover
ON_TARGET_SHARE = 0.25  # of a candidate that must lie on ground truth of its finding
RATES = (0.05, 0.1, 0.25, 0.5, 1.0)  # false alarms an image, for tables


class Candidate(NamedTuple):
    """One connected part of a map: its confidence, 0 to 1, and the lesions that it hits."""

    confidence: float
    is_on_target: bool
    hits: tuple[int, ...]


class Marks(NamedTuple):
    """What there is to find of one finding in one image, and what was marked."""

    lesions: int
    candidates: tuple[Candidate, ...]


class Curve(NamedTuple):
    """Sensitivity for lesions over false alarms an image, both float64 (K,), rising, from (0, 0)."""

    rates: NDArray[np.float64]
    sensitivities: NDArray[np.float64]


def marks_of(channel: NDArray[np.float32], there: NDArray[np.bool_], certainty: float) -> Marks:
    """Return the lesions of one finding in one image and the candidates for them.

    Parameters
    ----------
    channel
        The finding's map on the radiograph's pixels, float32 (H, W), 0 to 1.
    there
        Its ground truth, bool (H, W).
    certainty
        Calibrated probability of the finding in the image; a candidate's confidence is the peak of its
        part of the map times that.
    """
    suspected = channel > WEAKEST_SUSPICION
    left, top, width, height = cv2.boundingRect((suspected | there).view(np.uint8))
    within = np.s_[top : top + height, left : left + width]
    smallest = SMALLEST_SHARE * channel.size
    lesions, number = _parts(there[within], smallest)
    parts, count = _parts(suspected[within], smallest)
    channel = channel[within]
    sizes = np.bincount(lesions.ravel(), minlength=number + 1)
    candidates = []
    for part in range(1, count + 1):
        mask = parts == part
        covered = np.bincount(lesions[mask], minlength=number + 1)
        on_target = covered[1:].sum() >= ON_TARGET_SHARE * covered.sum()
        hits = np.flatnonzero(on_target & (covered[1:] >= HIT_SHARE * sizes[1:]))
        peak = float(channel[mask].max()) * certainty
        candidates.append(Candidate(peak, bool(on_target), tuple(int(hit) for hit in hits)))
    return Marks(number, tuple(candidates))


def _parts(mask: NDArray[np.bool_], smallest: float) -> tuple[NDArray[np.int32], int]:
    """Return a mask's parts numbered from 1, int32 (H, W), and how many; tiny ones dropped as when served."""
    if not mask.any():
        return np.zeros(mask.shape, np.int32), 0
    inside = np.ascontiguousarray(mask).view(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    largest = areas.max()
    kept = areas >= min(largest, max(SMALLEST_PART * largest, smallest))
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return numbers[parts], int(kept.sum())


def froc(images: Sequence[Marks]) -> Curve:
    """Return the curve over all images, those without a lesion too."""
    lesions = sum(marks.lesions for marks in images)
    confidences, false_alarms, new_hits = [], [], []
    for marks in images:
        found: set[int] = set()
        for candidate in sorted(marks.candidates, key=lambda each: -each.confidence):
            confidences.append(candidate.confidence)
            false_alarms.append(0 if candidate.is_on_target else 1)
            new_hits.append(len(set(candidate.hits) - found))
            found |= set(candidate.hits)
    order = np.argsort(-np.array(confidences), kind="stable")
    last_of_ties = np.append(np.diff(np.array(confidences)[order]) != 0, True)[: len(order)]
    rates = np.cumsum(np.array(false_alarms, np.float64)[order])[last_of_ties] / max(len(images), 1)
    found_share = np.cumsum(np.array(new_hits, np.float64)[order])[last_of_ties] / max(lesions, 1)
    return Curve(np.concatenate([[0.0], rates]), np.concatenate([[0.0], found_share]))


def sensitivity_at(curve: Curve, rate: float) -> float:
    """Return the largest sensitivity with at most that many false alarms an image."""
    return float(curve.sensitivities[curve.rates <= rate + 1e-12].max())
