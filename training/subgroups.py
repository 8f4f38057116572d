"""Break figures down by what is known of the radiographs: view, age, severity, look-alikes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from study.findings import FINDINGS, FindingLabel
from training.metrics import Estimate, bootstrap_mean, share_of
from training.reading import COUNT, Reading

AGE_GROUPS = (
    ("under 1 month", 1),
    ("1 to 23 months", 24),
    ("2 to 11 years", 144),
    ("12 years and over", 10_000),
)
SEVERITIES = (("subtle", 1 / 3), ("moderate", 2 / 3), ("gross", 1.0))
Belongs = Callable[[Reading], bool]


def shown(estimate: Estimate) -> dict[str, float | int | None]:
    """Return an estimate as JSON, rounded to four places."""
    return {
        "value": rounded(estimate.value),
        "low": rounded(estimate.low),
        "high": rounded(estimate.high),
        "count": estimate.images,
    }


def rounded(value: float) -> float | None:
    """Return a figure rounded to four places; None where there is none."""
    return None if np.isnan(value) else round(float(value), 4)


def severity_name(severity: float) -> str:
    """Return subtle, moderate or gross: thirds of the range."""
    return next(name for name, end in SEVERITIES if severity <= end + 1e-9)


def overall(readings: Sequence[Reading]) -> dict[str, Any]:
    """Return the figures of a group over all findings: each pair of radiograph and finding counts once."""
    present, called = _stacked(readings, "present"), _stacked(readings, "called")
    dices = np.array([r.dices for r in readings], np.float64).reshape(-1, COUNT)
    patients = np.repeat([r.patient for r in readings], COUNT).reshape(-1, COUNT)
    outlined = ~np.isnan(dices)
    return {
        "images": len(readings),
        "dice": shown(bootstrap_mean(dices[outlined], patients[outlined])),
        "sensitivity": shown(share_of(called[present], patients[present])),
        "specificity": shown(share_of(~called[~present], patients[~present])),
    }


def _stacked(readings: Sequence[Reading], name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([getattr(r, name) for r in readings], np.bool_).reshape(-1, COUNT)


def subgroups(readings: Sequence[Reading]) -> dict[str, Any]:
    """Return the figures of every subgroup that has a radiograph, ready for JSON."""
    return {
        "by_view": _grouped(readings, _by_view(readings)),
        "by_age": _grouped(readings, _by_age()),
        "by_number_of_findings": _grouped(readings, _by_number()),
        "by_severity": _by_severity(readings),
        "by_mimic": _by_mimic(readings),
    }


def _grouped(readings: Sequence[Reading], groups: Iterable[tuple[str, Belongs]]) -> dict[str, Any]:
    parted = ((name, [r for r in readings if belongs(r)]) for name, belongs in groups)
    return {name: overall(group) for name, group in parted if group}


def _by_view(readings: Sequence[Reading]) -> list[tuple[str, Belongs]]:
    return [(view, _has_view(view)) for view in sorted({r.facts.view for r in readings})]


def _has_view(view: str) -> Belongs:
    return lambda reading: reading.facts.view == view


def _by_age() -> list[tuple[str, Belongs]]:
    starts = (0, *(end for _, end in AGE_GROUPS))
    return [(name, _has_age(start, end)) for start, (name, end) in zip(starts, AGE_GROUPS, strict=False)]


def _has_age(start: int, end: int) -> Belongs:
    return lambda reading: reading.facts.age_months is not None and start <= reading.facts.age_months < end


def _by_number() -> list[tuple[str, Belongs]]:
    return [
        ("no finding", lambda reading: not reading.present.any()),
        ("one finding", lambda reading: int(reading.present.sum()) == 1),
        ("two or three findings", lambda reading: int(reading.present.sum()) > 1),
    ]


def _by_severity(readings: Sequence[Reading]) -> dict[str, Any]:
    """Return Dice and sensitivity of each finding by severity, where severities are known."""
    figures: dict[str, Any] = {}
    for number, label in enumerate(FINDINGS):
        rows = {name: _severity_row(readings, number, label, name) for name, _ in SEVERITIES}
        known = {name: row for name, row in rows.items() if row["images"]}
        if known:
            figures[label.value] = known
    return figures


def _severity_row(readings: Sequence[Reading], number: int, label: FindingLabel, name: str) -> dict[str, Any]:
    group = [
        r
        for r in readings
        if r.present[number]
        and label in r.facts.severities
        and severity_name(r.facts.severities[label]) == name
    ]
    dices = np.array([r.dices[number] for r in group], np.float64)
    patients = np.array([r.patient for r in group], np.int64)
    outlined = ~np.isnan(dices)
    called = np.array([r.called[number] for r in group], np.bool_)
    either = np.array([r.called[number] or r.undecided[number] for r in group], np.bool_)
    return {
        "images": len(group),
        "dice": shown(bootstrap_mean(dices[outlined], patients[outlined])),
        "sensitivity": shown(share_of(called, patients)),
        "not_called_absent": shown(share_of(either, patients)),
    }


def _by_mimic(readings: Sequence[Reading]) -> dict[str, Any]:
    """Return of each look-alike how often each finding was called where it is not there."""
    names = sorted({mimic for r in readings for mimic in r.facts.mimics})
    rows = {}
    for name in names:
        group = [r for r in readings if name in r.facts.mimics]
        false_alarms = {
            label.value: [
                sum(bool(r.called[number]) for r in group if not r.present[number]),
                sum(not r.present[number] for r in group),
            ]
            for number, label in enumerate(FINDINGS)
        }
        rows[name] = {**overall(group), "false_alarms": false_alarms}
    return rows
