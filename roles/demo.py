"""`--demo`: send two phantoms of each class over real associations, wait, show what became of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from dicom_node.send import send_objects
from study.errors import KidrayError
from study.model import StudyRecord
from study.registry import Registry, connect
from study.settings import Destination, Settings
from study.waiting import table, wait_until_finished
from training.phantom_set import write_phantoms

DEMO_AE = "PHANTOM"
_SEED = 7
_COUNT = 10


def run_demo(settings: Settings, console: Console, stop: threading.Event, *, viewer: str) -> None:
    """Run the demo, until `stop` is set at most.

    Parameters
    ----------
    viewer
        Address at which the studies can be read.

    Raises
    ------
    KidrayError
        If the node refuses a phantom.
    """
    if not console.is_terminal:
        console.print("Sending ten phantom studies by C-STORE and waiting for their drafts ...")
    with Progress(console=console, transient=True) as progress:
        sent_as = _send(settings, progress, stop)
        if stop.is_set():
            return
        records = _wait(settings, sent_as, progress, stop)
    console.print(table(records, sent_as))
    console.print("[dim]Synthetic phantoms, and a model trained on such: not for clinical use.[/dim]")
    console.print(f"Read them at [bold]{viewer}[/bold]   (Ctrl-C stops)")


def _send(settings: Settings, progress: Progress, stop: threading.Event) -> dict[str, str]:
    """Return what was sent: study UIDs, each with the phantom's kind and view."""
    node = Destination(settings.ae_title, "127.0.0.1", settings.dicom_port)
    sent_as: dict[str, str] = {}
    sending = progress.add_task("Drawing and sending phantoms (C-STORE)", total=_COUNT)
    folder, seed = _next_demo(settings.home / "demo")
    for phantom, written in write_phantoms(folder, _COUNT, seed):
        for result in send_objects(node, [written.image], calling_ae_title=DEMO_AE):
            if not result.sent:
                raise KidrayError(f"{result.path.name} was refused: {result.reason}")
        sent_as[written.study_uid] = f"{phantom.kind}, {phantom.view}"
        progress.advance(sending)
        if stop.is_set():
            break
    return sent_as


def _next_demo(drawn: Path) -> tuple[Path, int]:
    """Return a folder for this demo and its seed: each demo draws patients of its own."""
    seed = _SEED + len(list(drawn.glob("*")))
    return drawn / str(seed), seed


def _wait(
    settings: Settings, sent_as: Mapping[str, str], progress: Progress, stop: threading.Event
) -> list[StudyRecord]:
    registry = Registry(connect(str(settings.redis_url)))
    waiting = progress.add_task("Segmenting and drafting", total=len(sent_as))
    return wait_until_finished(
        registry,
        sent_as,
        seconds=180,
        stop=stop,
        on_change=lambda now: progress.update(waiting, completed=sum(r.state == "drafted" for r in now)),
    )
