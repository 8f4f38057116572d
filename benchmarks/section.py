"""Replace one section of a results page, and leave what others wrote on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def replace_section(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put `lines` between the markers of section `name`; a section that is new goes to the end."""
    begin, end = f"<!-- {name} begin -->", f"<!-- {name} end -->"
    text = page.read_text("utf-8") if page.exists() else "# Reports\n"
    body = "\n".join([begin, *lines, end])
    before, found, rest = text.partition(begin)
    if not found:
        page.write_text(f"{text.rstrip()}\n\n{body}\n", "utf-8")
        return
    page.write_text(before + body + rest.partition(end)[2], "utf-8")
