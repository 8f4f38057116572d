"""An evaluation's figures in tables and words, for report, model card and documentation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference.finding_score import Choice
from study.findings import FINDINGS
from training.document import Table
from training.froc import HIT_SHARE, ON_TARGET_SHARE, RATES

Figures = Mapping[str, Any]
_NAMES = {label.value: each.name_en for label, each in FINDINGS.items()}
FORMAT = 2  # of metrics.json
NONE = "none"
CHOICES = {
    Choice.BEST_SUM: "sensitivity plus specificity",
    Choice.SENSITIVITY_FIRST: "sensitivity, as it is critical",
}
DEFINITIONS = (
    "**Served.** Every radiograph went the way of a received one: preprocessing, the exported network, "
    "image-level probabilities, masks on the radiograph's own pixels.",
    "**Dice** is per image, of the served mask, over the images that have the finding; a finding called "
    "absent counts 0. Where it is absent there is no Dice: the model is judged as a detector. `all four` is "
    "the mean of the four findings. In subgroups, each pair of image and finding counts once.",
    "**Sensitivity and specificity** are at the operating points, which were chosen on the validation set: "
    "only `present` counts as called, so what is served as indeterminate counts as missed where the finding "
    "is there, and as right where it is not.",
    "**Intervals** are 95 %, by patient: a bootstrap over patients (2,000 samples, percentiles) for Dice, "
    "distances, AUROC and calibration error, none from fewer than five patients; Wilson's for shares, for as "
    "many independent images as the images are worth. AUROC 1.000 has an interval without width: nothing "
    "overlapped in this set, no more.",
    "**Distances** are between the outlines of the served mask and of the truth, in mm at the detector. "
    "Images where the model drew nothing, or whose spacing is unknown, have no distance and are counted.",
    "**Lesions** are connected parts of the truth; candidates are connected parts of the network's map. A "
    f"candidate hits a lesion if it covers {100 * HIT_SHARE:.0f} % of it, and is a false alarm if less than "
    f"{100 * ON_TARGET_SHARE:.0f} % of it lies on truth. Its confidence is its peak times the finding's "
    "probability.",
    "**Calibration error** is the mean gap between probability and share present, over ten bins of equal "
    "width. The temperature divides the score's logit; it was fitted on the validation set, each fifth "
    "answered by a score fitted on the other four.",
    "**Left unread.** What by its pixels is no child's abdomen from the front is not read, as in service. "
    "Such a radiograph stays in every table: it counts as called for nothing, so a finding on it is missed, "
    "its Dice is 0, and where a finding is not there it counts as right. It has no probability, so AUROC and "
    "calibration are of the others, as is the soft Dice.",
)


def parts_of(metrics: Figures) -> list[Figures]:
    """Return the figures of every set, the one that the model is judged by first."""
    return [metrics, *metrics["other_sets"]]


def interval(estimate: Figures, *, places: int = 3) -> str:
    """Return an estimate as ``0.900 (0.880 to 0.920)``; `NONE` where there was nothing to count.

    Without an interval where there were too few patients for one.
    """
    if estimate["value"] is None:
        return NONE
    if estimate["low"] is None:
        return f"{estimate['value']:.{places}f}"
    value, low, high = (f"{estimate[key]:.{places}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def figure_table(part: Figures) -> Table:
    """Return Dice, sensitivity, specificity and AUROC of each finding, then of all four."""
    rows = []
    for label, name in _NAMES.items():
        row = part["findings"][label]
        shares = [interval(row[key]) for key in ("dice", "sensitivity", "specificity", "auroc")]
        rows.append([name, str(row["present"]), *shares])
    everything = part["all"]
    last = [interval(everything[key]) for key in ("mean_dice", "sensitivity", "specificity")]
    return Table(
        ("finding", "images with it", "Dice", "sensitivity", "specificity", "AUROC"),
        [*rows, ["all four", "", *last, ""]],
    )


def outline_table(part: Figures) -> Table:
    """Return how far outlines lie from the truth, in mm at the detector."""
    rows = []
    for label, name in _NAMES.items():
        row = part["findings"][label]
        rows.append([
            name,
            interval(row["surface_distance_mm"], places=1),
            interval(row["hausdorff95_mm"], places=1),
            str(row["surface_distance_mm"]["count"]),
            str(row["without_distance"]),
        ])  # fmt: skip
    return Table(
        ("finding", "mean distance, mm", "95 % Hausdorff distance, mm", "images", "without a distance"), rows
    )


def lesion_table(part: Figures) -> Table:
    """Return the share of lesions found at given rates of false alarms."""
    rows = []
    for label, name in _NAMES.items():
        row = part["findings"][label]["froc"]
        at = [_number(row["sensitivity_at"][f"{rate:g}"], 3) for rate in RATES]
        rows.append([name, str(row["lesions"]), *at])
    return Table(("finding", "lesions", *(f"at {rate:g} an image" for rate in RATES)), rows)


def calibration_table(part: Figures) -> Table:
    """Return temperature, calibration error with and without it, Brier score, and the undecided."""
    rows = []
    for label, name in _NAMES.items():
        row = part["findings"][label]
        own = row["calibration"]
        rows.append([
            name, f"{own['temperature']:.2f}", interval(own["error"]),
            interval(own["error_without_temperature"]), _number(own["brier"], 4),
            interval(row["undecided_present"]), interval(row["undecided_absent"]),
        ])  # fmt: skip
    return Table(
        (
            "finding", "temperature", "calibration error", "the same without temperature", "Brier score",
            "undecided where it is", "undecided where it is not",
        ),
        rows,
    )  # fmt: skip


def severity_table(part: Figures) -> Table:
    """Return Dice and sensitivity of each finding by severity; without rows where severities are unknown."""
    rows = [
        [
            _NAMES[label], name, str(row["images"]), interval(row["dice"]), interval(row["sensitivity"]),
            interval(row["not_called_absent"]),
        ]
        for label, by_name in part["by_severity"].items()
        for name, row in by_name.items()
    ]  # fmt: skip
    return Table(("finding", "severity", "images", "Dice", "sensitivity", "present or indeterminate"), rows)


def subgroup_table(part: Figures) -> Table:
    """Return the figures by view, age and number of findings."""
    rows = [
        [name.replace("_", " "), str(row["images"]), *_shares(row)]
        for group in ("by_view", "by_age", "by_number_of_findings")
        for name, row in part[group].items()
    ]
    return Table(("subgroup", "images", "Dice", "sensitivity", "specificity"), rows)


def comparison_table(part: Figures) -> Table:
    """Return the other models' figures and the judged one's lead; without rows where there is no other."""
    rows = [
        [
            f"{other['model']['name']} {other['model']['version']}", _NAMES[label],
            *(_number(row[key], 3) for key in ("dice", "sensitivity", "specificity")),
            *(_signed(row["lead"][key]) for key in ("dice", "sensitivity", "specificity")),
        ]
        for other in part["beside"]
        for label, row in other["findings"].items()
    ]  # fmt: skip
    return Table(
        (
            "model beside", "finding", "its Dice", "its sensitivity", "its specificity",
            "lead in Dice", "in sensitivity", "in specificity",
        ),
        rows,
    )  # fmt: skip


def _signed(lead: Figures) -> str:
    if lead["value"] is None or lead["low"] is None:
        return NONE if lead["value"] is None else f"{lead['value']:+.3f}"
    return f"{lead['value']:+.3f} ({lead['low']:+.3f} to {lead['high']:+.3f})"


def mimic_table(part: Figures) -> Table:
    """Return of each look-alike the specificity and which findings were called where they are not."""
    rows = []
    for name, row in part["by_mimic"].items():
        called = [
            f"{_NAMES[label]} {count} of {images}"
            for label, (count, images) in row["false_alarms"].items()
            if count
        ]
        rows.append(
            [
                name.replace("_", " "),
                str(row["images"]),
                interval(row["specificity"]),
                ", ".join(called) or NONE,
            ]
        )
    return Table(("look-alike", "images", "specificity", "called though absent"), rows)


def point_table(scores: Mapping[str, Figures]) -> Table:
    """Return the operating points of a package's scores, by label."""
    rows = [
        [
            name, f"{scores[label]['operating_point']:.2f}", f"{scores[label]['indeterminate_from']:.2f}",
            CHOICES[Choice(scores[label]["choice"])],
        ]
        for label, name in _NAMES.items()
    ]  # fmt: skip
    return Table(("finding", "present from", "indeterminate from", "chosen for"), rows)


def _shares(row: Figures) -> list[str]:
    return [interval(row[key]) for key in ("dice", "sensitivity", "specificity")]


def _number(value: float | None, places: int) -> str:
    return NONE if value is None else f"{value:.{places}f}"


def pooled_sentence(part: Figures) -> str:
    """Return the batch-pooled soft Dice and what it is, in a sentence."""
    value = part["batch_pooled_soft_dice"]
    if value is None:
        return "No image has an outline, so there is no Dice."
    return (
        f"Soft Dice pooled over batches of {part['test']['pooled_batch']}, background included, smoothed by "
        f"1, as some publications print it: {value:.3f}. It rises with the batch and the share of "
        "background; it is not comparable with the table."
    )
