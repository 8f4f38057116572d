"""The page of the viewer's benchmark: our figures beside OHIF's, each with its goal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

from benchmarks.ohif import VERSION
from benchmarks.viewer_page import Memory, Motion, Opened

FLAT = 1.15  # the second half of the studies may take this much more memory than the first


@dataclass
class Found:
    """What was measured of one viewer, a value for each round."""

    cold: list[Opened] = field(default_factory=list)
    warm: list[Opened] = field(default_factory=list)
    window: list[Motion] = field(default_factory=list)
    zoom: list[Motion] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)


class Measured(NamedTuple):
    """What was measured of both viewers, and the scrolling of our worklist."""

    ours: Found
    ohif: Found
    scrolls: list[Motion]


class Line(NamedTuple):
    """A row of the table; `goal` is the largest value wanted, or the least where `at_least`."""

    what: str
    ours: float
    ohif: float | None
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether ours reaches the goal, if there is one."""
        if self.goal is None:
            return True
        told = round(self.ours, 1)  # as on the page: a screen of 60 Hz gives 59.99
        return told >= self.goal if self.at_least else told <= self.goal

    def cells(self) -> str:
        """Return the row."""
        goal = ""
        if self.goal is not None:
            sign = "at least" if self.at_least else "at most"
            goal = f"{sign} {self.goal:,.0f}: {'met' if self.met else '**missed**'}"
        other = "–" if self.ohif is None else _number(self.ohif)
        return f"| {self.what} | {_number(self.ours)} | {other} | {goal} |"


def lines(found: Measured) -> list[Line]:
    """Return the rows of the table."""
    ours, ohif = found.ours, found.ohif

    def opened(what: str, value: Callable[[Opened], float], times: str, goal: float | None = None) -> Line:
        mine, other = getattr(ours, times), getattr(ohif, times)
        return Line(f"{what}, {times}", _median(mine, value), _median(other, value), goal)

    def moved(what: str, name: str) -> Line:
        def rate(motion: Motion) -> float:
            return motion.per_second

        return Line(what, _median(getattr(ours, name), rate), _median(getattr(ohif, name), rate), 30, True)

    return [
        opened("scripts until the page is ready, KB gzip", lambda o: o.script_bytes / 1000, "cold", 150),
        opened("scripts until the overlay, KB gzip", lambda o: o.overlay_script_bytes / 1000, "cold"),
        opened("radiograph on the screen, ms", lambda o: o.radiograph, "cold", 800),
        opened("radiograph on the screen, ms", lambda o: o.radiograph, "warm"),
        opened("overlay on the screen, ms", lambda o: o.overlay, "cold", 1200),
        opened("overlay on the screen, ms", lambda o: o.overlay, "warm"),
        opened("every pixel there, ms", lambda o: o.whole, "cold"),
        opened("every pixel there, ms", lambda o: o.whole, "warm"),
        moved("window by drag with overlay, frames/s", "window"),
        moved("zoom by drag with overlay, frames/s", "zoom"),
        Line("worklist scroll, frames/s", _median(found.scrolls, lambda m: m.per_second), None, 60, True),
        Line("the same, interval that one frame in twenty exceeds, ms", _slow(found.scrolls), None),
    ]


def missed(found: Measured) -> list[str]:
    """Return what does not reach its goal."""
    late = [line.what for line in lines(found) if not line.met]
    return late if is_flat(found.ours.memory) else [*late, "memory"]


def is_flat(memory: Sequence[Memory]) -> bool:
    """Return whether later studies take no more memory than earlier ones did, but for `FLAT`."""
    if len(memory) < 4:
        return True
    half = len(memory) // 2
    before, after = memory[1:half], memory[half:]
    return all(
        statistics.median(value(each) for each in after)
        <= FLAT * statistics.median(value(each) for each in before)
        for value in (_heap, _browser)
    )


def markdown(found: Measured, about: str, *, load_after: float, rows: int) -> str:
    """Return the page that is kept."""
    rounds, goal = len(found.ours.cold), "met" if is_flat(found.ours.memory) else "**missed**"
    return "\n".join(
        [
            f"# The viewer beside OHIF {VERSION}",
            "",
            f"Measured {datetime.now(timezone.utc):%Y-%m-%d} by `make bench-viewer` on {about};",
            f"when it ended {load_after:.1f}. Median of {rounds} rounds, the viewers in turn.",
            "",
            "| | Kidray | OHIF | goal |",
            "|---|---:|---:|---|",
            *(line.cells() for line in lines(found)),
            "",
            "## Memory, studies opened in a row in one page",
            "",
            f"MiB; flat within {FLAT - 1:.0%}: {goal}.",
            "",
            "| viewer | studies | JavaScript heap, collected | whole browser, unshared |",
            "|---|---:|---:|---:|",
            *(_memory_row("Kidray", each) for each in found.ours.memory),
            *(_memory_row("OHIF", each) for each in found.ohif.memory),
            "",
            *_method(rows),
        ]
    )


def _method(rows: int) -> list[str]:
    return [
        "## How",
        "",
        "One phantom DX of 2048 x 2048, 16 bits allocated, sent by C-STORE, read by the model, its SEG and",
        "report in the archive. One server process gives both viewers' files (compressed beforehand, cached",
        "for ever where a name holds a hash) and the same DICOMweb; HTTP/1.1 on loopback, so gzip. Debian's",
        "Chromium, headless, 1600 x 900, no GPU: pages are drawn by the CPU, WebGL by SwiftShader; our",
        "viewer draws on Canvas2D there, OHIF by WebGL.",
        "",
        "- Cold: a browser of its own with an empty profile, started 1.5 s before (what it does once would",
        "  take half a core from either viewer); warm: a second page of that browser.",
        "- On the screen: a script that runs before the page's own looks, after each frame in which a large",
        "  canvas was drawn on, at 160 x 160 of its pixels: at least 5 % brighter than 40 of 255 (a",
        "  radiograph), at least 0.1 % coloured (an overlay). Milliseconds from the navigation's start.",
        "- Ours draws a radiograph at first by its pixels at half the size, which is what a fitted one is",
        "  made of on this screen in any case. Every pixel there: the others have followed, to be zoomed",
        "  into. OHIF draws it once it has all of them.",
        "- OHIF shows no overlay by itself: its time includes a double click on the SEG, made as soon as it",
        "  can be clicked. Its tour for first visitors is told to have been seen.",
        "- Frames per second: frames in which the canvas was drawn on, while the real mouse is dragged for",
        "  four seconds with the left (window) and right (zoom) button; a movement is made as soon as the",
        "  page has taken the one before. The browser draws at most 60.",
        f"- Worklist: {rows:,} rows (records of the studies sent, under other UIDs and names),",
        "  wheel turned for six seconds, frames of the page counted. OHIF's list shows pages of rows: there",
        "  is nothing of that length to scroll.",
        "- Memory: studies opened one after the other by the viewer's own addresses without loading the page",
        "  anew; the heap after a garbage collection, and the unshared memory of all of the browser's",
        "  processes. OHIF goes back to its list in between, as its readers do, and opens fewer studies.",
        "",
    ]


def _memory_row(name: str, memory: Memory) -> str:
    return f"| {name} | {memory.studies} | {memory.heap:.1f} | {memory.browser:.0f} |"


def _median(values: Sequence[Opened] | Sequence[Motion], value: Callable[..., float]) -> float:
    return statistics.median(value(each) for each in values)


def _slow(motions: Sequence[Motion]) -> float:
    return statistics.median(motion.slow_interval for motion in motions)


def _heap(memory: Memory) -> float:
    return memory.heap


def _browser(memory: Memory) -> float:
    return memory.browser


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
