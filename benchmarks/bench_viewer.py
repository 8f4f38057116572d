"""The viewer beside OHIF: same studies, same server, same browser, one run.

Starts `kidray up`, sends 2048 x 2048 radiographs by C-STORE, then opens them in headless Chromium with
our viewer and with OHIF in turn, cold and warm. Writes benchmarks/results/viewer.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page
from rich.console import Console

from benchmarks import machine, ohif, viewer_results
from benchmarks.bench_flow import running_service
from benchmarks.viewer_page import (
    Memory,
    Motion,
    Opened,
    a_browser,
    a_context,
    drag,
    open_in_a_row,
    open_study,
    scroll,
)
from benchmarks.viewer_results import Found, Measured
from benchmarks.viewer_studies import fill_worklist, send_studies
from benchmarks.viewers import KIDRAY, OHIF, Viewer

RESULTS = Path(__file__).parent / "results" / "viewer.md"
SETTLED = 2_000  # milliseconds after which nothing is left to load
console = Console()


@contextmanager
def a_stage(home: Path, studies: int, rows: int) -> Iterator[tuple[int, list[str]]]:
    """Run the service and the server of both viewers; yields the port and the studies' UIDs.

    A home that was filled before is taken as it is.
    """
    kept = home / "studies.json"
    with running_service(home) as service:
        if not kept.exists():
            console.print(f"Sending {studies} radiographs ...")
            with tempfile.TemporaryDirectory(prefix="kidray-bench-") as folder:
                kept.write_text(json.dumps(send_studies(service, Path(folder), studies)))
        uids = json.loads(kept.read_text())[:studies]
        fill_worklist(service, uids, rows)  # rows of another version's are not read
        command = [sys.executable, "-m", "benchmarks.viewer_server", str(home)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = int(server.stdout.readline().removeprefix("port "))
                yield port, uids
            finally:
                server.terminate()


def opened_twice(viewer: Viewer, port: int, uid: str) -> tuple[Opened, Opened, Motion, Motion]:
    """Open a study with an empty profile and once more, then drag window and zoom."""
    with a_browser() as browser:
        context = a_context(browser)
        page = context.new_page()
        cold = open_study(page, viewer, port, uid)
        page.wait_for_timeout(SETTLED)
        page.close()
        page = context.new_page()
        warm = open_study(page, viewer, port, uid)
        page.wait_for_timeout(SETTLED)
        return cold, warm, drag(page, "left"), drag(page, "right")


def scrolled(port: int) -> Motion:
    """Scroll our worklist."""
    with a_browser() as browser:
        page = a_context(browser).new_page()
        page.goto(KIDRAY.home.format(port=port))
        page.wait_for_timeout(2 * SETTLED)
        return scroll(page)


def in_a_row(viewer: Viewer, port: int, uids: Sequence[str], every: int) -> list[Memory]:
    """Open studies in one page, and return what the browser holds after each `every`."""
    with a_browser() as browser:
        page: Page = a_context(browser).new_page()
        return open_in_a_row(page, viewer, port, uids, every=every)


def in_turn(port: int, uid: str, rounds: int, found: Measured) -> None:
    """Open, window and zoom one study with both viewers in turn; then scroll our worklist."""
    pairs = ((KIDRAY, found.ours), (OHIF, found.ohif))
    for viewer, _ in pairs:  # the server has then decoded and compressed what it keeps
        opened_twice(viewer, port, uid)
    for number in range(rounds):
        for viewer, mine in pairs:
            cold, warm, window, zoom = opened_twice(viewer, port, uid)
            mine.cold.append(cold)
            mine.warm.append(warm)
            mine.window.append(window)
            mine.zoom.append(zoom)
            console.print(f"round {number + 1}, {viewer.name}: {cold} {warm} {window} {zoom}")
    found.scrolls.extend(scrolled(port) for _ in range(rounds))
    console.print(f"scroll: {found.scrolls}")


def one_after_the_other(port: int, uids: Sequence[str], foreign_studies: int, found: Measured) -> None:
    """Open many studies in a row with either viewer."""
    few = uids[:foreign_studies]
    for viewer, mine, each in ((KIDRAY, found.ours, uids), (OHIF, found.ohif, few)):
        mine.memory.extend(in_a_row(viewer, port, each, max(1, len(each) // 10)))
        console.print(f"memory, {viewer.name}: {mine.memory}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="times each viewer opens the study")
    parser.add_argument("--studies", type=int, default=200, help="studies opened in a row")
    parser.add_argument("--foreign-studies", type=int, default=20, help="of them, by OHIF")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the worklist")
    parser.add_argument("--home", type=Path, help="folder that keeps service and studies for another run")
    parser.add_argument("--out", type=Path, default=RESULTS, help="page that keeps the figures")
    given = parser.parse_args()
    ohif.install()
    with tempfile.TemporaryDirectory(prefix="kidray-bench-") as folder:
        home = given.home or Path(folder, "home")
        with a_stage(home, given.studies, given.rows) as (port, uids):
            about = machine.in_words()
            result = Measured(Found(), Found(), [])
            in_turn(port, uids[0], given.rounds, result)
            one_after_the_other(port, uids, given.foreign_studies, result)
            after = os.getloadavg()[0]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    page = viewer_results.markdown(result, about, load_after=after, rows=given.rows)
    given.out.write_text(page, "utf-8")
    console.print(page, markup=False)
    missed = viewer_results.missed(result)
    if missed:
        raise SystemExit(f"over the goal: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
