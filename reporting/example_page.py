"""Write docs/report-examples.md: what the template writes of every combination, in both languages.

Run as ``python -m reporting.example_page docs/report-examples.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from reporting.draft import MEASUREMENT
from reporting.examples import Case, example, template
from study.model import AgeBand, Finding, Language, Report, Sentence

HEAD = """# Every combination the template can word

Made by `python -m reporting.example_page docs/report-examples.md`; a test holds this page to the template.
The sentences are in [`reporting/phrases`](../reporting/phrases/); how a draft is put together is told in
[reports](reports.md). Everything here is an unverified draft's text: trained on synthetic phantoms, not for
clinical use.
"""
_REGIONS = (
    "right_upper_quadrant",
    "left_upper_quadrant",
    "right_lower_quadrant",
    "left_lower_quadrant",
    "central_abdomen",
    "upper_abdomen",
    "lower_abdomen",
    "whole_abdomen",
    "pelvis",
)
_BANDS = ("high", "moderate", "low", "indeterminate")
_NAMES = ("free-gas", "pyloric", "levels", "stool")
_AT = {"free-gas": "upper_abdomen", "pyloric": "left_upper_quadrant", "levels": "central_abdomen"}
_LANGUAGES = (Language.ENGLISH, Language.KOREAN)


def page() -> str:
    """Return the whole page."""
    lines = [HEAD]
    for title, table in (
        ("One finding: every certainty, region and number", _alone()),
        ("Pyloric stenosis by age", _ages()),
        ("All four findings: present, indeterminate or absent", _together()),
        ("Positions: what can be assessed, recommended and limited", _positions()),
        ("Two radiographs", _pairs()),
        ("Measurements", _measurements()),
    ):
        lines += [f"## {title}", "", *table, ""]
    return "\n".join(lines)


def _alone() -> Iterator[str]:
    yield from _header("seen", "findings", "impression")
    for name, band, region in product(_NAMES, _BANDS, _REGIONS):
        view = "erect" if name == "levels" else "supine"
        counts = ("1", "3") if name == "levels" and band != "indeterminate" else ("",)
        for count in counts:
            seen = f"{name} {band} {region} {count}".strip()
            yield _row(seen, example(f"{view} {seen}"), _first_finding, _impression)


def _ages() -> Iterator[str]:
    yield from _header("age, certainty", "findings", "impression", "recommendation")
    for age, band in product(AgeBand, _BANDS):
        case = example(f"supine pyloric {band} left_upper_quadrant", age)
        yield _row(f"{age.value}, {band}", case, _first_finding, _impression, _recommendation)


def _together() -> Iterator[str]:
    yield from _header("seen on an erect radiograph", "impression", "findings", "recommendation")
    for bands in product(("", "high", "indeterminate"), repeat=len(_NAMES)):
        named = [(n, b) for n, b in zip(_NAMES, bands, strict=True) if b]
        seen = " ".join(f"{n} {b} {_AT.get(n, 'left_lower_quadrant')}" for n, b in named)
        label = ", ".join(f"{n} {b}" for n, b in named) or "nothing"
        yield _row(label, example(f"erect {seen}"), _impression, _findings, _recommendation)


def _positions() -> Iterator[str]:
    yield from _header("radiograph, seen", "findings", "recommendation", "limitations")
    for view, seen in product(
        ("supine", "erect", "decubitus", "unknown"),
        ("", "free-gas high upper_abdomen", "free-gas low upper_abdomen"),
    ):
        case = example(f"{view} {seen}")
        yield _row(f"{view}, {seen or 'nothing'}", case, _findings, _recommendation, _limitations)


def _pairs() -> Iterator[str]:
    yield from _header("seen", "technique", "impression", "findings")
    for one, two in (
        ("supine", "erect"),
        ("supine", "decubitus"),
        ("supine", "supine"),
        ("unknown", "erect"),
    ):
        for first, second in product(
            ("", "stool high pelvis"), ("", "stool high pelvis", "stool low pelvis")
        ):
            line = f"{one} {first} | {two} {second}"
            yield _row(line.replace("|", "and"), example(line), _technique, _impression, _findings)


def _measurements() -> Iterator[str]:
    yield from _header("finding", "sentence")
    for name, (area, plane), count in product(
        _NAMES, ((1440.0, "detector"), (1440.0, "patient"), (4.0, "detector"), (None, "detector")), (1, 3)
    ):
        if count > 1 and name != "levels":
            continue
        case = example(f"erect {name} high upper_abdomen {count}")
        measured = [_measured(f, area, plane) for f in case.findings]
        said = "no spacing" if area is None else f"{area:g} mm², {plane}"
        yield _row(f"{name}, {count}, {said}", case._replace(findings=measured), _measurement)


def _measured(finding: Finding, area: float | None, plane: str) -> Finding:
    there = finding.area_px > 0
    return finding.model_copy(update={"area_mm2": area if there else None, "area_plane": plane})


def _header(*columns: str) -> Iterator[str]:
    names = [columns[0], *(f"{c}, {lang.value}" for lang in _LANGUAGES for c in columns[1:])]
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)


def _row(label: str, case: Case, *parts: object) -> str:
    cells = [label.replace("_", " ")]
    for language in _LANGUAGES:
        report = template(case, language)
        cells += [_joined(part(report)) for part in parts if callable(part)]
    return f"| {' | '.join(cells)} |"


def _joined(sentences: Sequence[Sentence]) -> str:
    return " ".join(sentence.text for sentence in sentences)


def _first_finding(report: Report) -> Sequence[Sentence]:
    return report.findings[:1]


def _findings(report: Report) -> Sequence[Sentence]:
    return [s for s in report.findings if s.rule_id != MEASUREMENT]


def _measurement(report: Report) -> Sequence[Sentence]:
    return [s for s in report.findings if s.rule_id == MEASUREMENT]


def _impression(report: Report) -> Sequence[Sentence]:
    return report.impression


def _recommendation(report: Report) -> Sequence[Sentence]:
    return report.recommendation


def _technique(report: Report) -> Sequence[Sentence]:
    return report.technique


def _limitations(report: Report) -> Sequence[Sentence]:
    return report.limitations


def main(arguments: Sequence[str]) -> None:
    """Write the page into the file named."""
    Path(arguments[0]).write_text(page(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
