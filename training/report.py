"""The report of an evaluation, put together from its figures, and the files that it consists of."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from study.findings import FINDINGS
from training import figure_tables as tables
from training.document import Block, Heading, Paragraph, Picture, Table, as_html, as_markdown
from training.evaluate import IMAGES, METRICS_FILE, Evaluation
from training.failures import FailureSort
from training.figure_tables import DEFINITIONS, parts_of, pooled_sentence
from training.reading import Reading
from training.unread_figures import unread_sentence, unread_table

CASES_FILE = "cases.csv"
MARKDOWN_FILE, HTML_FILE = "report.md", "report.html"
_NAMES = {label.value: each.name_en for label, each in FINDINGS.items()}
PLOTS = {
    "dice": "Dice of each image",
    "roc": "ROC curves of the image-level probabilities",
    "froc": "FROC curves of the lesions",
    "reliability": "Reliability diagrams",
    "severity": "Sensitivity and Dice by severity",
    "subgroups": "Dice by subgroup",
}


def write_report(out: Path, evaluation: Evaluation) -> None:
    """Write ``report.md``, ``report.html``, ``metrics.json``, ``cases.csv`` and the plots into a folder."""
    from training.figures import write_figures  # matplotlib: only where plots are drawn

    out.mkdir(parents=True, exist_ok=True)
    metrics = evaluation.metrics
    plots = [
        write_figures(part, out / IMAGES, f"set{number + 1}") for number, part in enumerate(parts_of(metrics))
    ]
    (out / METRICS_FILE).write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    _write_cases(out / CASES_FILE, evaluation)
    blocks = report_blocks(metrics, plots)
    (out / MARKDOWN_FILE).write_text(as_markdown(blocks), encoding="utf-8")
    title = f"Evaluation of {metrics['model']['name']} {metrics['model']['version']}"
    (out / HTML_FILE).write_text(as_html(title, blocks, out), encoding="utf-8")


def report_blocks(metrics: Mapping[str, Any], plots: Sequence[Mapping[str, str]]) -> list[Block]:
    """Return the report; `plots` holds the file names of each set's plots, in the folder of images."""
    model, run = metrics["model"], metrics["run"]
    blocks: list[Block] = [
        Heading(1, f"Evaluation of {model['name']} {model['version']}"),
        Paragraph(
            "**Not for clinical use.** Figures on phantoms say how well drawings are read; figures on "
            "patients hold for those patients. Network: SHA-256 "
            f"`{model['sha256']}`. {run['date']}, {run['minutes']} minutes; {run['runtime']}, "
            f"{run['threads']} threads, {run['processor']}, Python {run['python']}."
        ),
        Heading(2, "How to read it"),
        *[Paragraph(text) for text in DEFINITIONS],
    ]
    for part, names in zip(parts_of(metrics), plots, strict=True):
        blocks += _part(part, names)
    return blocks


def _part(part: Mapping[str, Any], plots: Mapping[str, str]) -> Iterator[Block]:
    test = part["test"]
    yield Heading(2, test["title"])
    yield Paragraph(
        f"{test['description']} {part['images']} images of {part['patients']} patients. Time of one "
        f"radiograph, preprocessing to measurements: median {part['seconds']['median'] * 1000:.0f} ms, "
        f"95 % under {part['seconds']['p95'] * 1000:.0f} ms."
    )
    yield tables.figure_table(part)
    yield Paragraph(" ".join(filter(None, (unread_sentence(part), pooled_sentence(part)))))
    for title, table, plot in (
        ("Outlines", tables.outline_table(part), "dice"),
        ("Detection", None, "roc"),
        ("Lesions", tables.lesion_table(part), "froc"),
        ("Calibration", tables.calibration_table(part), "reliability"),
        ("Severity", tables.severity_table(part), "severity"),
        ("Subgroups", tables.subgroup_table(part), "subgroups"),
        ("Look-alikes", tables.mimic_table(part), None),
        ("Left unread", unread_table(part), None),
        ("Beside other models", tables.comparison_table(part), None),
    ):
        yield from _section(title, table, plots.get(plot or ""), PLOTS.get(plot or "", ""))
    yield from _failures(part)


def _section(title: str, table: Table | None, plot: str | None, caption: str) -> Iterator[Block]:
    if plot is None and (table is None or not table.rows):
        return
    yield Heading(3, title)
    if table is not None and table.rows:
        yield table
    if plot is not None:
        yield Picture(f"{IMAGES}/{plot}", caption)


def _failures(part: Mapping[str, Any]) -> Iterator[Block]:
    failures = part.get("failures", [])
    if not failures:
        return
    yield Heading(3, "Failures")
    yield Paragraph("Each plain, with its ground truth, and with what was served. The worst of each sort.")
    for sort in FailureSort:
        chosen = [each for each in failures if each["sort"] == sort.value]
        if chosen:
            yield Heading(4, sort.value.capitalize())
        for each in chosen:
            yield Picture(each["picture"], failure_caption(each))


def failure_caption(failure: Mapping[str, Any]) -> str:
    """Return what a picture of a failure shows, in words."""
    truly = ", ".join(_NAMES[label] for label in failure["truly"]) or "none"
    parts = [
        f"{failure['name']}: {_NAMES[failure['finding']]} {failure['sort']}",
        f"probability {failure['score']:.2f}, present from {failure['operating_point']:.2f}",
        f"findings: {truly}",
        failure["view"].replace("_", " "),
    ]
    if failure["dice"] is not None:
        parts.append(f"Dice {failure['dice']:.2f}")
    if failure["severity"] is not None:
        parts.append(f"severity {failure['severity']:.2f}")
    if failure["age_months"] is not None:
        parts.append(f"{failure['age_months']} months")
    if failure["mimics"]:
        parts.append("look-alikes: " + ", ".join(failure["mimics"]).replace("_", " "))
    return "; ".join(parts)


def _write_cases(path: Path, evaluation: Evaluation) -> None:
    """Write a line for each radiograph and finding, so that every figure can be computed again."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow((
            "set", "name", "patient", "view", "age_months", "mimics", "finding", "present", "severity",
            "score", "called", "undecided", "dice", "surface_distance_mm", "hausdorff95_mm", "lesions",
            "unread",
        ))  # fmt: skip
        for part, readings in zip(parts_of(evaluation.metrics), evaluation.readings, strict=True):
            for reading in readings:
                writer.writerows(_case_rows(part["test"]["title"], reading))


def _case_rows(title: str, reading: Reading) -> Iterator[tuple[object, ...]]:
    facts = reading.facts
    for number, label in enumerate(FINDINGS):
        yield (
            title, reading.name, reading.patient, facts.view, facts.age_months, ";".join(facts.mimics),
            label.value, int(reading.present[number]), facts.severities.get(label, ""),
            f"{reading.scores[number]:.6f}", int(reading.called[number]), int(reading.undecided[number]),
            f"{reading.dices[number]:.6f}", f"{reading.distances[number, 0]:.3f}",
            f"{reading.distances[number, 1]:.3f}",
            "" if reading.marks is None else reading.marks[number].lesions,
            "" if reading.unread is None else reading.unread.code.value,
        )  # fmt: skip
