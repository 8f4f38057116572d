"""Show the quality of drafts as tables for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Table
from rich.text import Text

from reporting.quality import Quality
from study.findings import FINDINGS, FindingLabel

_NONE = "-"
_SOURCES = {"template": "the template", "llm": "the LLM"}


def tables(quality: Quality) -> Iterator[Table | Text]:
    """Yield what `kidray reports quality` prints."""
    if not quality.reports:
        yield Text("No signed report in this period.")
        return
    yield _summary(quality)
    yield _findings(quality)
    yield _edits(quality)
    for title, counts in (
        ("Why the template stood though the LLM was asked", quality.fallbacks),
        ("Signed over a warning of the grounding check", quality.objections),
    ):
        if counts:
            yield _counts(title, counts)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=None, title_justify="left", title_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=not number)
    return table


def _summary(quality: Quality) -> Table:
    table = _table("1 signed report" if quality.reports == 1 else f"{quality.reports} signed reports", "", "")
    table.show_header = False
    table.add_row("signed word for word", _of(quality.untouched, quality.reports))
    for source, count in sorted(quality.wording.items()):
        table.add_row(f"draft worded by {_SOURCES.get(source, source)}", _of(count, quality.reports))
    table.add_row("from draft to signature", f"median {_time(quality.seconds_median)}")
    table.add_row("", f"9 of 10 within {_time(quality.seconds_p90)}")
    table.add_row("drafts with a critical result", str(quality.critical_raised))
    table.add_row("  withdrawn by the reader", _of(quality.critical_withdrawn, quality.critical_raised))
    table.add_row("made critical by the reader", str(quality.critical_added))
    return table


def _findings(quality: Quality) -> Table:
    table = _table("Findings", "finding", "asserted", "accepted", "rejected", "not judged", "accept rate")
    for label, verdicts in quality.findings.items():
        unjudged = verdicts.asserted - verdicts.accepted - verdicts.rejected
        rate = verdicts.accept_rate
        table.add_row(
            FINDINGS[FindingLabel(label)].name_en,
            str(verdicts.asserted),
            str(verdicts.accepted),
            str(verdicts.rejected),
            str(unjudged),
            _NONE if rate is None else f"{rate:.0%}",
        )
    return table


def _edits(quality: Quality) -> Table:
    table = _table(
        "Edits before signing",
        "section",
        "untouched",
        "characters, median",
        "characters, p90",
        "share, median",
        "sentences kept",
        "reworded",
        "added",
        "removed",
    )
    for section, edits in quality.edits.items():
        table.add_row(
            section,
            _of(edits.untouched, quality.reports),
            f"{edits.characters_median:g}",
            f"{edits.characters_p90:g}",
            f"{edits.share_median:.0%}",
            str(edits.kept),
            str(edits.changed),
            str(edits.added),
            str(edits.removed),
        )
    return table


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = _table(title, "", "reports")
    for reason, count in counts.items():
        table.add_row(reason, str(count))
    return table


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else str(part)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return _NONE
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
