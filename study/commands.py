"""Commands of operation: studies, dead letters, rebuild. They read Redis and the archive, nothing else."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from study import telemetry
from study.errors import ArchiveError, ConflictError, KidrayError, NotInArchiveError, StateError

if TYPE_CHECKING:
    from study.history import Event
    from study.jobs import DeadLetter
    from study.model import StudyRecord
    from study.retention import Held
    from study.service import Service

studies = typer.Typer(help="Look at studies and act on them.", no_args_is_help=True)
dead_letters = typer.Typer(help="Jobs that were given up, and another try for them.", no_args_is_help=True)


def open_service() -> Service:
    """Return the parts of a running, or stopped, service as the settings describe it."""
    from study.service import Service
    from study.settings import load_settings

    return Service.open(load_settings())


@studies.command("list")
def list_studies(
    state: Annotated[str, typer.Option(help="Only studies in this state, such as failed.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
) -> None:
    """List studies in reading order: possible pneumoperitoneum first, then the newest."""
    service = open_service()
    uids = service.ledger.registry.worklist()
    records = [r for r in service.ledger.registry.records(uids) if not state or r.state == state]
    table = Table("Study Instance UID", "state", "rev", "findings", "received", "reason", box=None)
    for record in records[:limit]:
        table.add_row(
            record.study_uid,
            record.state,
            str(record.revision),
            findings_in_short(record),
            f"{datetime.now(timezone.utc) - record.received_at}".split(".")[0] + " ago",
            record.reason or "",
        )
    Console().print(table if records else "No study is held" + (f" in state {state}" if state else ""))


@studies.command("show")
def show_study(study_uid: Annotated[str, typer.Argument(metavar="UID")]) -> None:
    """Show a study's state, timeline, findings and deliveries, without the patient's identity."""
    record = open_service().ledger.held(study_uid)
    console = Console()
    console.print(f"[bold]{record.study_uid}[/bold]  {record.state}  revision {record.revision}")
    if record.reason:
        console.print(f"reason: {record.reason}")
    timeline = Table("step", "at", "detail", title="Timeline", box=None, title_justify="left")
    for entry in record.timeline:
        timeline.add_row(entry.step, entry.at.isoformat(timespec="milliseconds"), entry.detail)
    console.print(timeline)
    findings = Table("finding", "presence", "probability", "region", "area", box=None)
    for f in record.findings:
        area = f"{f.area_mm2:.0f} mm2" if f.area_mm2 is not None else f"{f.area_px} px"
        findings.add_row(f.label, f.presence, f"{f.probability:.2f}", f.region or "", area)
    console.print(findings)
    deliveries = Table("object", "to", "state", "reason", box=None)
    for d in record.deliveries:
        deliveries.add_row(f"{d.kind} {d.instance_uid}", d.destination, d.state, d.reason or "")
    console.print(deliveries)


@studies.command("retry")
def retry_study(study_uid: Annotated[str, typer.Argument(metavar="UID")]) -> None:
    """Segment and draft a study once more: after a failure, a new model, or a mended rule."""
    service = open_service()
    requeue(service, study_uid, why="retry")
    Console().print(f"{study_uid} is queued")


@studies.command("purge")
def purge_studies(
    study_uid: Annotated[str, typer.Argument(metavar="[UID]", help="One study, however old.")] = "",
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, help="Every study without a step for so long.")
    ] = None,
    keep_free: Annotated[
        float, typer.Option(metavar="GIB", min=0, help="The oldest, until so much of the disk is free.")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option(help="Say what would go; remove nothing.")] = False,
    force: Annotated[bool, typer.Option(help="One study, though not everything was delivered.")] = False,
) -> None:
    """Remove one study, or those that are old or whose room is needed, once their results are delivered.

    What a destination has not confirmed stays, and so does what is on its way or has failed. Each
    study that goes leaves a line, without the patient's identity, in .left.jsonl of the archive.
    """
    from study import retention

    service = open_service()
    recipients = service.settings.recipients
    if study_uid:
        study = retention.look(service.ledger, study_uid, recipients)
        if study.kept_because is not None and not force:
            raise StateError(f"{study_uid} stays: {study.kept_because}; --force removes it anyway")
        _purge(service, [study], "forced" if study.kept_because else "asked for", dry_run=dry_run)
        return
    if older_than is None and not keep_free:
        raise StateError("name a study, or give --older-than DAYS or --keep-free GIB")
    if not recipients:
        raise StateError("no destination is set, so nothing confirms what was delivered; name a study")
    held = list(_looked_at(service))
    free = shutil.disk_usage(service.settings.archive).free
    going = retention.leaving(
        held,
        now=telemetry.now(),
        older_than=None if older_than is None else timedelta(days=older_than),
        room_needed=max(0, int(keep_free * 2**30) - free),
    )
    _purge(service, going, "old, or room was needed", dry_run=dry_run)
    for reason, count in Counter(s.kept_because for s in held if s.kept_because).items():
        typer.echo(f"{count} stay: {reason}")


def _purge(service: Service, going: list[Held], why: str, *, dry_run: bool) -> None:
    from study.retention import take_leave

    for study in going:
        if not dry_run:
            try:
                take_leave(service.ledger, study, why=why, at=telemetry.now())
            except (StateError, ConflictError) as error:
                typer.echo(str(error), err=True)
                continue
        done = "would remove" if dry_run else "removed"
        held = f"{study.instances} instances, {study.record.version} events, {study.size / 2**20:.1f} MiB"
        typer.echo(f"{done} {study.record.study_uid}: {held}")


def _looked_at(service: Service) -> Iterator[Held]:
    """Yield every study of the archive that can be read; the others are named and stay."""
    from study.retention import look

    for uid in service.ledger.archive.studies():
        try:
            yield look(service.ledger, uid, service.settings.recipients)
        except (ArchiveError, OSError) as error:
            typer.echo(f"{uid} stays: {error}", err=True)


@dead_letters.command("list")
def list_dead_letters() -> None:
    """List the jobs that were tried as often as allowed and failed."""
    letters = open_service().queue.dead_letters()
    table = Table("queue", "job", "why", "Study Instance UID", "message", box=None)
    for letter in letters:
        why = letter.failure.code if letter.failure else ""
        table.add_row(letter.queue, letter.job, why, letter.study_uid, letter.message_id)
    Console().print(table if letters else "No dead letters")


@dead_letters.command("replay")
def replay_dead_letters(
    message_id: Annotated[str, typer.Argument(help="One message; all of them where none is given.")] = "",
) -> None:
    """Put dead letters back on their queues, their tries counted from zero."""
    service = open_service()
    letters = [d for d in service.queue.dead_letters() if message_id in ("", d.message_id)]
    for letter in letters:
        replay(service, letter)
    count = len(letters)
    Console().print(f"{count} jobs are queued again")


def rebuild() -> None:
    """Restore Redis from the archive: states, worklist, and the jobs that are owed.

    The archive is the truth and is only read. Safe while the service runs.
    """
    from study.reconcile import Reconciler

    service = open_service()
    service.ledger.registry.flush()
    settings = service.settings
    reconciler = Reconciler(
        service.ledger,
        service.queue,
        quiet_period=settings.quiet_period,
        destinations=settings.recipients,
    )
    Console().print(f"{reconciler.rebuild()} studies restored from {settings.archive}")


def replay(service: Service, letter: DeadLetter) -> None:
    """Have a dead letter done after all; a study that failed by it goes through the model once more."""
    record = service.ledger.record(letter.study_uid)
    if record is not None and record.state == "failed" and letter.job in ("segment", "draft"):
        requeue(service, letter.study_uid, why="replay")
        service.queue.forget(letter)
    else:
        service.queue.replay(letter.message_id)


def requeue(service: Service, study_uid: str, *, why: str) -> StudyRecord:
    """Queue a study once more.

    Raises
    ------
    NotInArchiveError
        If the study is not held.
    StateError
        If it is still being received.
    """
    from study.history import Queued

    instances = service.ledger.received(study_uid)

    def decide(record: StudyRecord | None) -> Event | None:
        if record is None:
            raise NotInArchiveError(f"the archive holds no study {study_uid}")
        return Queued(at=telemetry.now(), revision=record.revision, instances=instances, why=why)

    record = service.ledger.append(study_uid, decide)
    if record is None:
        raise KidrayError(f"study {study_uid} could not be queued")
    service.queue.ask_owed(record)
    return record


def findings_in_short(record: StudyRecord) -> str:
    """Return the findings that are not absent, in a line."""
    seen = [f"{f.label} {f.probability:.2f}" for f in record.findings if f.presence != "absent"]
    return ", ".join(seen) or ("none" if record.findings else "")
