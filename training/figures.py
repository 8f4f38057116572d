"""Draw the plots of an evaluation from its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from study.findings import FINDINGS
from training.froc import RATES
from training.reliability import BINS
from training.subgroups import SEVERITIES

DPI = 110
_DARKER = 0.82  # than the overlay's colours: yellow on white needs it
_COLORS = {label.value: tuple(_DARKER * c / 255 for c in each.color) for label, each in FINDINGS.items()}
_NAMES = {label.value: each.name_en for label, each in FINDINGS.items()}
_MARKERS = dict(zip(_NAMES, "osD^", strict=True))  # told apart without colour too
_LINES = dict(zip(_NAMES, ("-", "--", "-.", (0, (4, 1, 1, 1, 1, 1))), strict=True))


def write_figures(part: Mapping[str, Any], folder: Path, prefix: str) -> dict[str, str]:
    """Write the plots of one set as PNG; returns the file name of each by what it shows.

    Parameters
    ----------
    part
        Figures of a set, as `training.summary.summarise` returns them.
    prefix
        Begins the file names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "dice": _dices(part),
        "roc": _roc(part),
        "froc": _froc(part),
        "reliability": _reliability(part),
        "subgroups": _subgroups(part),
    }
    if part["by_severity"]:
        drawn["severity"] = _severities(part)
    names = {}
    for what, figure in drawn.items():
        names[what] = f"{prefix}-{what}.png"
        figure.savefig(folder / names[what], dpi=DPI, metadata={"Software": None})
    return names


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3, linewidth=0.5)


def _reach(estimates: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """Return how far intervals reach below and above their values, (2, N); 0 where there is no interval."""
    bounds = np.array([[each["value"], each["low"], each["high"]] for each in estimates], np.float64)
    return np.nan_to_num(np.stack([bounds[:, 0] - bounds[:, 1], bounds[:, 2] - bounds[:, 0]])).clip(0)


def _dices(part: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axes = figure.subplots()
    rng = np.random.default_rng(0)
    for row, label in enumerate(reversed(_NAMES)):
        values = np.array(part["curves"][label]["dice"], np.float64)
        axes.plot(
            values, row + rng.uniform(-0.22, 0.22, len(values)), ".", ms=3, alpha=0.5, color=_COLORS[label]
        )
        estimate = part["findings"][label]["dice"]
        if estimate["value"] is not None:
            axes.errorbar(
                estimate["value"], row, xerr=_reach([estimate]), fmt="D", ms=5, color="black", capsize=3
            )
    axes.set_yticks(range(len(_NAMES)), list(reversed(_NAMES.values())))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.5, len(_NAMES) - 0.5))
    axes.set_xlabel("Dice of each image; diamond: mean with 95 % interval")
    _plain(axes)
    return figure


def _roc(part: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    axes = figure.subplots()
    for label, name in _NAMES.items():
        points = part["curves"][label]["roc"]
        if not points:
            continue
        across, up = np.array(points).T
        figures = part["findings"][label]
        axes.plot(
            across,
            up,
            ls=_LINES[label],
            color=_COLORS[label],
            label=f"{name}: {figures['auroc']['value']:.3f}",
        )
        axes.plot(
            1 - figures["specificity"]["value"], figures["sensitivity"]["value"], _MARKERS[label],
            color=_COLORS[label], mec="black",
        )  # fmt: skip
    axes.plot([0, 1], [0, 1], color="gray", linewidth=0.6, linestyle=":")
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01), xlabel="1 - specificity", ylabel="sensitivity")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(title="area; marker: operating point", loc="lower right", fontsize=8)
    _plain(axes)
    return figure


def _froc(part: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(5.8, 4.2), layout="constrained")
    axes = figure.subplots()
    for label, name in _NAMES.items():
        lesions = part["findings"][label]["froc"]["lesions"]
        if not lesions:
            continue
        across, up = np.array(part["curves"][label]["froc"]).T
        last = max(RATES)
        axes.step(
            np.append(across, last), np.append(up, up[-1]), where="post",
            ls=_LINES[label], color=_COLORS[label], label=f"{name} ({lesions} lesions)",
        )  # fmt: skip
    axes.set(xlim=(0, max(RATES)), ylim=(0, 1.01))
    axes.set(xlabel="false alarms an image", ylabel="share of lesions found")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower right", fontsize=8)
    _plain(axes)
    return figure


def _reliability(part: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(8.2, 2.9), layout="constrained")
    for axes, (label, name) in zip(figure.subplots(1, len(_NAMES), sharey=True), _NAMES.items(), strict=True):
        bins = part["curves"][label]["reliability"]
        axes.plot([0, 1], [0, 1], color="gray", linewidth=0.8, linestyle=":")
        if bins:
            predicted, observed, images = np.array(bins, np.float64).T
            axes.bar(
                (np.minimum((predicted * BINS).astype(int), BINS - 1) + 0.5) / BINS,
                images / images.sum(), 1 / BINS, color="lightgray", edgecolor="white",
            )  # fmt: skip
            axes.plot(predicted, observed, f"-{_MARKERS[label]}", ms=4, color=_COLORS[label])
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="probability")
        axes.set_title(name, fontsize=8)
        _plain(axes)
    figure.axes[0].set_ylabel("share present (bars: images)")
    return figure


def _severities(part: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(7.6, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    places = {name: at for at, (name, _) in enumerate(SEVERITIES)}
    for axes, key in ((left, "sensitivity"), (right, "dice")):
        for shift, (label, rows) in enumerate(part["by_severity"].items()):
            points = [(places[name], row[key]) for name, row in rows.items() if row[key]["value"] is not None]
            if not points:
                continue
            across = np.array([place for place, _ in points]) + 0.08 * (shift - 1.5)
            estimates = [estimate for _, estimate in points]
            axes.errorbar(
                across, [each["value"] for each in estimates], yerr=_reach(estimates),
                fmt=f"-{_MARKERS[label]}", ms=5, capsize=2, linewidth=1,
                color=_COLORS[label], label=_NAMES[label],
            )  # fmt: skip
        axes.set_xticks(list(places.values()), list(places))
        axes.set(ylim=(0, 1.04), ylabel=key.capitalize())
        _plain(axes)
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=7)
    return figure


def _subgroups(part: Mapping[str, Any]) -> Figure:
    rows = [
        (name, row)
        for group in ("by_view", "by_age", "by_number_of_findings")
        for name, row in part[group].items()
        if row["dice"]["value"] is not None
    ]
    figure = Figure(figsize=(7, 0.9 + 0.32 * max(len(rows), 1)), layout="constrained")
    axes = figure.subplots()
    for at, (_, row) in enumerate(reversed(rows)):
        estimate = row["dice"]
        axes.errorbar(estimate["value"], at, xerr=_reach([estimate]), fmt="o", color="black", ms=4, capsize=2)
    names = [f"{name.replace('_', ' ')} ({row['dice']['count']})" for name, row in reversed(rows)]
    axes.set_yticks(range(len(rows)), names)
    axes.set_xlim(right=1.01)
    everyone = part["all"]["dice"]["value"]
    if everyone is not None:
        axes.axvline(everyone, color="gray", linewidth=0.8, linestyle=":")
    axes.set_xlabel("Dice, mean over findings that are there, 95 % interval; dotted: all")
    axes.tick_params(axis="y", labelsize=8)
    _plain(axes)
    return figure
