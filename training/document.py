"""A report as a list of blocks, written as Markdown and as one HTML page with its pictures inside."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums;font-size:13.5px;"
    "display:block;overflow-x:auto}td:not(:first-child){white-space:nowrap}"
    "th,td{border-bottom:1px solid #ccc;padding:.25rem .7rem;text-align:left;vertical-align:top}"
    "img{max-width:100%;height:auto}figure{margin:1rem 0}figcaption{color:#555}"
    "code{background:#f2f2f2;padding:0 .2em}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}th,td{border-color:#444}"
    "code{background:#2a2a2a}figcaption{color:#aaa}img{background:#fff}}"
)


@dataclass(frozen=True)
class Heading:
    """A heading of a level from 1."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Text; ``**strong**`` and backquotes are understood."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table with one line of headings."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A PNG, its path relative to the report, and what it shows."""

    path: str
    caption: str


Block = Heading | Paragraph | Table | Picture


def as_markdown(blocks: Sequence[Block]) -> str:
    """Return the blocks as Markdown; pictures are links."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Table):
        return markdown_table(block)
    if isinstance(block, Picture):
        return f"![{block.caption}]({block.path})"
    return block.text


def markdown_table(table: Table) -> str:
    """Return a table as Markdown."""
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def as_html(title: str, blocks: Sequence[Block], folder: Path) -> str:
    """Return the blocks as one HTML page that needs no other file; pictures are read from `folder`."""
    body = "\n".join(_html(block, lambda path: (folder / path).read_bytes()) for block in blocks)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def _html(block: Block, content_of: Callable[[str], bytes]) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_inline(block.text)}</h{block.level}>"
    if isinstance(block, Table):
        head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in block.head)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in block.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    if isinstance(block, Picture):
        source = base64.b64encode(content_of(block.path)).decode()
        caption = html.escape(block.caption)
        return (
            f'<figure><img src="data:image/png;base64,{source}" alt="{caption}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return f"<p>{_inline(block.text)}</p>"


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    strong = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", strong)
