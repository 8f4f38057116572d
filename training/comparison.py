"""Set a model's readings beside another's of the same radiographs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.findings import FINDINGS
from training.metrics import NOTHING, Estimate, bootstrapped, patient_draws
from training.reading import Reading
from training.subgroups import shown
from training.summary import mean_of_findings

Floats = NDArray[np.float64]


def comparison(judged: Sequence[Reading], other: Sequence[Reading]) -> dict[str, Any]:
    """Return the other model's figures and the judged one's lead over it, with paired intervals.

    Both are drawn together in each bootstrap sample, so that a hard radiograph is hard for both.

    Parameters
    ----------
    judged, other
        Readings of the same radiographs in the same order.
    """
    if [r.name for r in judged] != [r.name for r in other]:
        raise ValueError("two models can be compared on the same radiographs only")
    patients = np.array([r.patient for r in judged])
    figures: dict[str, Any] = {"mean_dice": shown(mean_of_findings(other)), "findings": {}}
    for number, label in enumerate(FINDINGS):
        present = np.array([r.present[number] for r in judged])
        ours, theirs = _columns(judged, number), _columns(other, number)
        figures["findings"][label.value] = {
            "dice": _plain(theirs[0]),
            "sensitivity": _plain(theirs[1][present]),
            "specificity": _plain(1 - theirs[1][~present]),
            "lead": {
                "dice": shown(_lead(ours[0], theirs[0], patients)),
                "sensitivity": shown(_lead(ours[1][present], theirs[1][present], patients[present])),
                "specificity": shown(_lead(theirs[1][~present], ours[1][~present], patients[~present])),
            },
        }
    return figures


def _columns(readings: Sequence[Reading], number: int) -> tuple[Floats, Floats]:
    """Return Dice, NaN where there is none, and whether the finding was called, float64 (N,) each."""
    dices = np.array([r.dices[number] for r in readings], np.float64)
    return dices, np.array([r.called[number] for r in readings], np.float64)


def _plain(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None


def _lead(ours: Floats, theirs: Floats, patients: NDArray[np.int64]) -> Estimate:
    """Return the mean difference over radiographs, bootstrapped over patients."""
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    if not known.any():
        return NOTHING
    difference, whose = (ours - theirs)[known], patients[known]
    draws = patient_draws(whose)
    return bootstrapped(float(difference.mean()), draws @ difference / draws.sum(axis=1), whose)
