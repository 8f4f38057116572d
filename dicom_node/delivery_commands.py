"""`kidray deliveries`: what each destination has, lacks and refuses, and another try for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from study.circuit import Circuit, Pause
    from study.destination import DestinationPolicy
    from study.learnt import Learnt, Lesson
    from study.model import StudyRecord
    from study.owed import Recipient
    from study.service import Service

app = typer.Typer(
    help="Results on their way to destinations, and another try for them.", no_args_is_help=True
)

WAITING = "waiting"  # owed, and not tried yet


class Outcome(NamedTuple):
    """How far one object is on its way to one destination."""

    study_uid: str
    kind: str
    instance_uid: str
    destination: str
    state: str  # waiting, pending, sent or failed
    reason: str


@app.command("list")
def list_deliveries(
    state: Annotated[
        str, typer.Option(help="Only waiting, pending, failed or sent; unset: all but sent.")
    ] = "",
    destination: Annotated[str, typer.Option(metavar="NAME", help="Only to this one.")] = "",
    limit: Annotated[int, typer.Option(help="How many objects at most.")] = 100,
) -> None:
    """Show every destination, and the objects that it lacks or refused, with the reasons."""
    service = _open()
    outcomes = list(_outcomes(service, destination))
    console = Console(width=None if os.isatty(1) else 240)
    console.print(_destinations(service, outcomes, destination))
    chosen = [o for o in outcomes if (o.state == state if state else o.state != "sent")]
    table = Table("Study Instance UID", "object", "to", "state", "reason", box=None)
    for o in chosen[:limit]:
        table.add_row(o.study_uid, f"{o.kind} {o.instance_uid}", o.destination, o.state, o.reason)
    console.print(table if chosen else f"Nothing is {state or 'owed'}")
    if len(chosen) > limit:
        console.print(f"... and {len(chosen) - limit} more")


@app.command("replay")
def replay_deliveries(
    study_uid: Annotated[str, typer.Argument(metavar="UID", help="One study; all where none is given.")] = "",
    destination: Annotated[str, typer.Option(metavar="NAME", help="Only what this one lacks.")] = "",
) -> None:
    """Send again, now, what destinations lack or refused; a pause after failures is cut short."""
    service = _open()
    lacking = [o for o in _outcomes(service, destination) if o.state != "sent"]
    studies = dict.fromkeys(o.study_uid for o in lacking if study_uid in ("", o.study_uid))
    circuit = _circuit(service)
    for title in {o.destination for o in lacking if o.study_uid in studies}:
        circuit.succeeded(title)
    for uid in studies:
        _ask(service, uid)
    Console().print(f"{len(studies)} studies are on their way again")


def _ask(service: Service, study_uid: str) -> None:
    """Queue the study's delivery: its dead letters, where it has any, else a job of its own."""
    from study.jobs import Job

    letters = [d for d in service.queue.dead_letters() if (d.job, d.study_uid) == (Job.DELIVER, study_uid)]
    for letter in letters:
        service.queue.replay(letter.message_id)
    if not letters:
        service.queue.ask(Job.DELIVER, study_uid)


def _outcomes(service: Service, destination: str) -> Iterator[Outcome]:
    registry = service.ledger.registry
    for record in registry.records(registry.worklist()):
        for recipient in _named(service, destination):
            yield from _of(record, recipient)


def _of(record: StudyRecord, recipient: Recipient) -> Iterator[Outcome]:
    """Yield what the destination got, refused or lacks of the study; what is no longer owed is left out."""
    from study.owed import owed_to

    done = {d.instance_uid: d for d in record.deliveries if d.destination == recipient.name}
    owed: dict[str, str] = {o.instance_uid: o.kind for o in owed_to(record, recipient)}
    for uid, kind in {**{u: d.kind for u, d in done.items() if d.state == "sent"}, **owed}.items():
        delivery = done.get(uid)
        state = str(delivery.state) if delivery is not None else WAITING
        reason = (delivery.reason if delivery is not None else None) or ""
        yield Outcome(record.study_uid, kind, uid, recipient.name, state, reason)


def _destinations(service: Service, outcomes: list[Outcome], destination: str) -> Table:
    from study.endpoint import Endpoint

    circuit, learnt = _circuit(service), _learnt(service)
    headings = ("destination", "gets", "when", "sent", "owed", "now", "when last asked")
    table = Table(*headings, box=None)
    for recipient in _named(service, destination):
        its = [o for o in outcomes if o.destination == recipient.name]
        sent = sum(o.state == "sent" for o in its)
        counts = str(sent), str(len(its) - sent)
        now = _said_of_pause(circuit.pause(recipient.name))
        if isinstance(recipient, Endpoint):
            gets = f"{', '.join(recipient.gets)} as {recipient.kind}"
            table.add_row(str(recipient), gets, "ready", *counts, now, "")
            continue
        lesson = learnt.of(recipient)
        gets, said = _gets(recipient, lesson), _said_of_lesson(lesson)
        table.add_row(str(recipient.node), gets, recipient.when, *counts, now, said)
    return table


def _gets(policy: DestinationPolicy, lesson: Lesson | None) -> str:
    from study.forms import best

    kinds = ", ".join(best(policy, lesson.takes if lesson is not None else ()))
    return kinds if policy.gets is not None else f"{kinds} (as it can)"


def _said_of_pause(pause: Pause | None) -> str:
    if pause is None:
        return "is tried as soon as something is owed"
    return f"left alone for {pause.seconds:.0f} s after {pause.failures} failures: {pause.reason}"


def _said_of_lesson(lesson: Lesson | None) -> str:
    from study.forms import in_words

    if lesson is None:
        return "not known yet"
    at = datetime.fromtimestamp(lesson.at).astimezone()
    return f"{in_words(lesson.takes)} ({at:%Y-%m-%d %H:%M})"


def _named(service: Service, destination: str) -> list[Recipient]:
    return [r for r in service.settings.recipients if destination in ("", r.name)]


def _circuit(service: Service) -> Circuit:
    from study.circuit import Circuit
    from study.registry import connect

    return Circuit(connect(service.redis_url))


def _learnt(service: Service) -> Learnt:
    from study.learnt import Learnt
    from study.registry import connect

    return Learnt(connect(service.redis_url))


def _open() -> Service:
    from study.service import Service
    from study.settings import load_settings

    return Service.open(load_settings())
