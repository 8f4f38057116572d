"""What of a test set was left unread, in a table and a sentence, for report, card and documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.findings import FINDINGS, FindingLabel
from study.unread import WORDS, UnreadCode
from training.document import Table
from training.figure_tables import NONE


def unread_table(part: Mapping[str, Any]) -> Table:
    """Return how many radiographs were left unread for each reason; without rows where none was."""
    rows = [
        [WORDS[UnreadCode(code)][0].partition(";")[0], str(row["images"]), str(row["with_a_finding"])]
        for code, row in part.get("abstained", {}).get("by_reason", {}).items()
    ]
    return Table(("left unread because", "images", "of them with a finding"), rows)


def unread_sentence(part: Mapping[str, Any]) -> str:
    """Return how many radiographs were left unread, in a sentence; empty where that was not counted."""
    abstained = part.get("abstained")
    if abstained is None:
        return ""
    if not abstained["images"]:
        return f"None of the {part['images']} radiographs was left unread."
    on_them = (
        ", ".join(
            f"{FINDINGS[FindingLabel(label)].name_en} {n}" for label, n in abstained["findings"].items() if n
        )
        or NONE
    )
    share = abstained["share"]
    return (
        f"Left unread: {abstained['images']} of {part['images']} radiographs ({100 * share['value']:.1f} %"
        + ("" if share["low"] is None else f"; {100 * share['low']:.1f} % to {100 * share['high']:.1f} %")
        + f"). Findings on them, counted as not called: {on_them}."
    )
