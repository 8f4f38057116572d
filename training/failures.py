"""Pick the radiographs on which a model did worst, and draw each with truth and answer side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.hanging import Hanging
from inference.measure import Measured
from inference.predict import Prediction
from study.compat import StrEnum
from study.findings import FINDINGS
from training.reading import Reading, Sample

EACH = 6  # of every sort
SIDE = 288  # pixels of one picture
_GREYS = 4  # grey values are rounded to multiples of this: a smaller file
_TINT = 0.35


class FailureSort(StrEnum):
    """How a model can fail."""

    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    BADLY_OUTLINED = "badly outlined"


@dataclass(frozen=True)
class Failure:
    """One finding of one radiograph, badly read."""

    sort: FailureSort
    finding: int  # in segment order, from 0
    reading: Reading


def worst(readings: Sequence[Reading]) -> list[Failure]:
    """Return at most `EACH` failures of every sort, the worst first, of the radiographs that were read.

    Missed: there and not called present, the least probable first. False alarms: called and not there,
    the most probable first. Badly outlined: called rightly, the lowest Dice first.
    """
    pairs = [(r, number) for r in readings if r.unread is None for number in range(len(FINDINGS))]
    missed = sorted(
        (p for p in pairs if p[0].present[p[1]] and not p[0].called[p[1]]), key=lambda p: p[0].scores[p[1]]
    )
    alarms = sorted(
        (p for p in pairs if p[0].called[p[1]] and not p[0].present[p[1]]), key=lambda p: -p[0].scores[p[1]]
    )
    outlined = sorted(
        (p for p in pairs if p[0].called[p[1]] and not np.isnan(p[0].dices[p[1]])),
        key=lambda p: p[0].dices[p[1]],
    )
    return [
        Failure(sort, number, reading)
        for sort, chosen in zip(FailureSort, (missed, alarms, outlined), strict=True)
        for reading, number in chosen[:EACH]
    ]


def failure_picture(sample: Sample, prediction: Prediction, measured: Measured) -> NDArray[np.uint8]:
    """Return the radiograph plain, with its ground truth, and with the served masks: BGR, uint8 (S, 3 S, 3).

    Where outlines are unknown, the middle picture is plain too.
    """
    hanging, box = Hanging.of(sample.header), prediction.letterbox
    grey = cv2.resize((prediction.field + 1) * 127.5, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    plain = cv2.cvtColor((np.round(grey / _GREYS) * _GREYS).clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    served = np.stack([hanging.upright(measured.labels) == n for n in range(1, len(FINDINGS) + 1)])
    truth = sample.upright_masks
    truth = np.zeros_like(served) if truth is None else truth
    panels = [plain, *(_overlaid(plain, box.square_labels(masks)) for masks in (truth, served))]
    return np.asarray(np.hstack(panels), np.uint8)


def _overlaid(plain: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scaled = cv2.resize(labels, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    shown = plain.astype(np.float32)
    for definition in FINDINGS.values():
        mask = (scaled == definition.segment_number).astype(np.uint8)
        if not mask.any():
            continue
        color = np.array(definition.color[::-1], np.float32)
        shown[mask == 1] = (1 - _TINT) * shown[mask == 1] + _TINT * color
        edges, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(shown, edges, -1, color.tolist(), 1)
    return np.asarray(shown.round().clip(0, 255), np.uint8)
