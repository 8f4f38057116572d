"""Figures of the service out of its metrics. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from prometheus_client import Metric

Buckets = Mapping[float, float]  # upper bound in seconds -> how many were at most that


class Figures(NamedTuple):
    """What the metrics say at one moment; all are counts since the service started.

    Attributes
    ----------
    done, failed
        Jobs.
    seconds
        For each job, how many took at most so long.
    sent
        Objects by destination and outcome.
    wordings
        By outcome.
    """

    done: float
    failed: float
    seconds: Mapping[str, Buckets]
    sent: Mapping[tuple[str, str], float]
    wordings: Mapping[str, float]


def figures_of(families: Iterable[Metric]) -> Figures:
    """Return the figures that metrics hold."""
    by_name = {family.name: family for family in families}
    outcomes = _by_labels(by_name, "kidray_jobs", "outcome")
    seconds: dict[str, dict[float, float]] = {}
    for sample in by_name["kidray_job_seconds"].samples if "kidray_job_seconds" in by_name else ():
        if sample.name.endswith("_bucket"):
            bounds = seconds.setdefault(sample.labels["job"], {})
            bound = float(sample.labels["le"])
            bounds[bound] = bounds.get(bound, 0.0) + sample.value
    deliveries = _by_labels(by_name, "kidray_deliveries", "destination", "outcome")
    return Figures(
        outcomes.get(("done",), 0.0),
        outcomes.get(("failed",), 0.0),
        seconds,
        {(destination, outcome): count for (destination, outcome), count in deliveries.items()},
        {outcome: count for (outcome,), count in _by_labels(by_name, "kidray_wordings", "outcome").items()},
    )


def since(now: Buckets, before: Buckets) -> dict[float, float]:
    """Return the counts of `now` without those of `before`; a service that started anew counts from 0."""
    difference = {bound: count - before.get(bound, 0.0) for bound, count in now.items()}
    return dict(now) if any(count < 0 for count in difference.values()) else difference


def quantile(buckets: Buckets, share: float) -> float | None:
    """Return the time that `share` of all were within, interpolated as Prometheus does; None of none.

    Parameters
    ----------
    share
        0 to 1.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return None
    wanted = share * total
    below = 0.0
    for lower, upper in pairwise([0.0, *bounds]):
        if buckets[upper] >= wanted:
            if math.isinf(upper):
                return lower
            inside = buckets[upper] - below
            return lower + (upper - lower) * ((wanted - below) / inside if inside else 1.0)
        below = buckets[upper]
    return None


def _by_labels(by_name: Mapping[str, Metric], name: str, *labels: str) -> dict[tuple[str, ...], float]:
    counts: dict[tuple[str, ...], float] = {}
    for sample in by_name[name].samples if name in by_name else ():
        if sample.name == f"{name}_total":
            key = tuple(sample.labels[label] for label in labels)
            counts[key] = counts.get(key, 0.0) + sample.value
    return counts
