"""`kidray`: reads the settings, wires the parts, starts the roles."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dicom_node import commands as dicom_commands
from inference import commands as vision_commands
from reporting import commands as writer_commands
from study import commands as operation
from study.errors import KidrayError
from training import commands as training_commands

if TYPE_CHECKING:
    from rich.console import Console

    from dicom_node.service_class import ServiceClass
    from study.jobs import Job
    from study.model import StudyRecord
    from study.service import Service
    from study.settings import Destination, Settings

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("LANGSMITH_TRACING", "false")

app = typer.Typer(
    help="Kidray: a PACS plugin service for pediatric abdominal radiographs. "
    "Trained on synthetic phantoms, not for clinical use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.add_typer(operation.studies, name="studies")
app.add_typer(operation.dead_letters, name="dead-letters")
app.command("rebuild")(operation.rebuild)
for room in (vision_commands, training_commands, writer_commands, dicom_commands):
    app.add_typer(room.app)

DEMO_AE = "PHANTOM"
DEMO_SEED = 7

Home = Annotated[Path | None, typer.Option(help="Folder of archive, Redis and logs. [default: .kidray]")]
DicomPort = Annotated[int | None, typer.Option(help="Port of the DICOM node; 0 takes a free one.")]
WebPort = Annotated[int | None, typer.Option(help="Port of viewer and APIs; 0 takes a free one.")]
AeTitle = Annotated[str | None, typer.Option(help="AE title of the node. [default: KIDRAY]")]
Pacs = Annotated[str | None, typer.Option(help="Where results go: AE@HOST:PORT, several by comma.")]

Demo = Annotated[bool, typer.Option("--demo", help="Send ten phantom studies and show what happened.")]
ExitWhenIdle = Annotated[bool, typer.Option("--exit-when-idle", help="Stop once nothing is left to do.")]


@app.command()
def up(
    home: Home = None,
    dicom_port: DicomPort = None,
    web_port: WebPort = None,
    ae_title: AeTitle = None,
    pacs: Pacs = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Send ten phantom studies, show what happened.")
    ] = False,
    exit_when_idle: Annotated[
        bool, typer.Option("--exit-when-idle", help="Stop once nothing is to be done.")
    ] = False,
) -> None:
    """Run the whole service on this machine: DICOM node, worker, viewer, and an embedded Redis and LLM.

    Every option is also a setting: KIDRAY_HOME, KIDRAY_DICOM_PORT ... or a line in kidray.toml.
    Prints `ready` with both addresses; Ctrl-C or SIGTERM stops it, finishing what runs.
    """
    from rich.console import Console

    from study import telemetry
    from study import up as whole
    from study.service import Service
    from study.settings import load_settings
    from study.supervise import Supervisor

    given = load_settings(home=home, dicom_port=dicom_port, web_port=web_port, ae_title=ae_title, pacs=pacs)
    if demo:
        titles = (*given.complete_on_release, DEMO_AE)
        given = given.model_copy(update={"complete_on_release": titles})
    console = Console(width=None if sys.stdout.isatty() else 120)
    telemetry.configure_logs("up", file=whole.log_folder(given) / "up.log")
    stop = _stop_event()
    with whole.only_one(given.home):
        settings = whole.settled(given)
        supervisor = Supervisor(whole.log_folder(settings))
        try:
            whole.start(supervisor, given, settings, _echoes)
            _say_ready(console, settings)
            if demo and not stop.is_set():
                run_demo(settings, console, stop)
            service = Service.open(settings)
            whole.watch(supervisor, stop, lambda: exit_when_idle and whole.all_finished(service))
        finally:
            console.print("Stopping: what runs is finished, what waits is kept.")
            supervisor.stop()


@app.command()
def receive() -> None:
    """Run the DICOM node alone: C-ECHO, C-STORE, and the watch over what has arrived."""
    from dicom_node.receive import Receiver
    from study.reconcile import Reconciler

    service = _role("receive")
    settings = service.settings
    stop = _stop_event()
    intake = service.intake()
    service.ledger.archive.clear_incoming()
    reconciler = Reconciler(
        service.ledger,
        service.queue,
        intake,
        quiet_period=settings.quiet_period,
        destinations=settings.policies,
    )
    thread = threading.Thread(target=reconciler.run, args=(stop,), name="reconcile")
    receiver = Receiver(
        intake,
        ae_title=settings.ae_title,
        host=settings.dicom_host,
        port=settings.dicom_port,
        services=_answering_services(service),
        **_guard(settings),
    )
    receiver.start()
    thread.start()
    stop.wait()
    receiver.stop()
    thread.join()


@app.command()
def work(
    threads: Annotated[int | None, typer.Option(help="Jobs at once. [default: 2]")] = None,
) -> None:
    """Run one worker alone: segment, draft, sign and deliver, as the queues ask."""
    from study.alive import leave_worker_id, worker_file
    from study.jobs import register, start_worker

    service = _role("work", worker_threads=threads)
    stop = _stop_event()
    register(service.broker, steps(service), service.ledger, service.queue)
    worker = start_worker(service.broker, threads=service.settings.worker_threads)
    leave_worker_id(service.settings.run, service.broker)
    stop.wait()
    worker_file(service.settings.run).unlink(missing_ok=True)
    worker.stop(timeout=15_000)


@app.command()
def web() -> None:
    """Run the viewer and the HTTP interfaces alone."""
    from inference.models import load_package
    from web_viewer.deps import services_of
    from web_viewer.serve import serve

    service = _role("web")
    services = services_of(service, model=load_package(service.settings.model).identity)
    threading.Thread(target=services.intake.keep_telling, name="intake", daemon=True).start()
    serve(service.settings, services)


@app.command()
def doctor() -> None:
    """Look at everything the service rests on, and say what is wrong and what to do."""
    from rich.console import Console

    from dicom_node.echo import echo
    from inference.models import load_package
    from study.doctor import Check, general_checks, run_checks
    from study.service import redis_url
    from study.settings import load_settings

    settings = load_settings()

    def model() -> str:
        identity = load_package(settings.model).identity
        return f"{identity.name} {identity.version}, hash verified. {identity.disclaimer}."

    def answers(destination: Destination) -> str:
        seconds = echo(destination, calling_ae_title=settings.ae_title)
        return f"answers a C-ECHO in {seconds * 1000:.0f} ms"

    checks = [
        *general_checks(settings, redis_url(settings)),
        Check("model", model),
        *(Check(f"PACS {p.node}", partial(answers, p.node)) for p in settings.policies),
    ]
    if not run_checks(checks, Console()):
        raise typer.Exit(1)


@app.command()
def alive(
    what: Annotated[list[str], typer.Argument(help="receive, work, web, or the URL of something with HTTP.")],
) -> None:
    """Exit with 0 if each of these, on this machine, does its work; for health checks."""
    from study.alive import NotAliveError, check_address, check_worker
    from study.service import redis_url
    from study.settings import load_settings

    settings = load_settings()
    for each in what:
        if each == "receive":
            if not _echoes(settings):
                raise NotAliveError(f"the DICOM node does not answer a C-ECHO on port {settings.dicom_port}")
        elif each == "work":
            check_worker(settings.run, redis_url(settings))
        else:
            check_address(f"http://127.0.0.1:{settings.web_port}/readyz" if each == "web" else each)


def run_demo(settings: Settings, console: Console, stop: threading.Event) -> None:
    """Send two phantoms of each class over real associations, wait, and show what became of them."""
    from rich.progress import Progress

    from dicom_node.send import send_objects
    from study.registry import Registry, connect
    from study.settings import Destination
    from study.waiting import table, wait_until_finished
    from training.phantom_set import write_phantoms

    node = Destination(settings.ae_title, "127.0.0.1", settings.dicom_port)
    drawn = settings.home / "demo"
    seed = DEMO_SEED + len(list(drawn.glob("*")))  # each demo draws patients of its own
    drawn /= str(seed)
    sent_as: dict[str, str] = {}
    if not console.is_terminal:
        console.print("Sending ten phantom studies by C-STORE and waiting for their drafts ...")
    with Progress(console=console, transient=True) as progress:
        sending = progress.add_task("Drawing and sending phantoms (C-STORE)", total=10)
        for phantom, written in write_phantoms(drawn, 10, seed):
            for result in send_objects(node, [written.image], calling_ae_title=DEMO_AE):
                if not result.sent:
                    raise KidrayError(f"{result.path.name} was refused: {result.reason}")
            sent_as[written.study_uid] = f"{phantom.kind}, {phantom.view}"
            progress.advance(sending)
            if stop.is_set():
                return
        registry = Registry(connect(str(settings.redis_url)))
        waiting = progress.add_task("Segmenting and drafting", total=len(sent_as))
        records = wait_until_finished(
            registry,
            sent_as,
            seconds=180,
            stop=stop,
            on_change=lambda now: progress.update(waiting, completed=sum(r.state == "drafted" for r in now)),
        )
    console.print(table(records, sent_as))
    console.print("[dim]Synthetic phantoms, and a model trained on such: not for clinical use.[/dim]")
    console.print(f"Read them at [bold]{_viewer(settings)}[/bold]   (Ctrl-C stops)")


def steps(service: Service) -> Mapping[Job, Callable[[str], object]]:
    """Return the body of every job, each given what it needs from outside."""
    from dicom_node.commitment_request import ask_commitment
    from dicom_node.deliver import deliver_study
    from dicom_node.site_rules import decide_by
    from inference.models import load_package
    from inference.predict import Predictor
    from inference.secondary_capture import keep_captures
    from inference.step import preview_study, segment_study
    from inference.warm_up import warm_up
    from reporting.llm import Llm
    from reporting.signing import sign_study
    from reporting.step import draft_study
    from study.circuit import Circuit
    from study.fence import Fence
    from study.jobs import Job
    from study.registry import connect
    from study.telemetry import now

    settings = service.settings
    package = load_package(settings.model)
    if settings.device == "cpu":
        predictor = Predictor(package, threads=settings.worker_threads)
    else:
        from inference.torch_runtime import TorchRuntime

        predictor = Predictor(package, runtime=TorchRuntime(package, device=settings.device))
    fence = Fence(settings.worker_threads)
    fence.warm_up()
    warm_up(predictor)  # the first study shall not wait for what is loaded once

    def read_by_rules(step: Callable[..., StudyRecord], study_uid: str) -> StudyRecord:
        decide = partial(
            decide_by,
            rules=settings.rules,
            calling_ae_title=service.ledger.held(study_uid).calling_ae_title,
            max_age_years=settings.max_age_years,
        )
        return step(
            study_uid,
            ledger=service.ledger,
            predictor=predictor,
            decide=decide,
            values_of=fence.attenuation_values,
        )

    def segment(study_uid: str) -> None:
        record = read_by_rules(segment_study, study_uid)
        if any("CAPTURE" in policy.gets for policy in settings.policies):
            keep_captures(
                record, archive=service.ledger.archive, display_of=fence.display_values, made_at=now()
            )

    llm = Llm.from_settings(settings)
    if llm is not None:  # LangChain's first import costs seconds: not the first study's
        threading.Thread(target=llm.warm_up, name="warm-up", daemon=True).start()

    def draft(study_uid: str) -> None:
        draft_study(study_uid, ledger=service.ledger, llm=llm, language=settings.language, clock=now)
        if any("DRAFT" in policy.gets for policy in settings.policies):
            service.queue.ask(Job.DELIVER, study_uid)

    circuit = Circuit(connect(service.redis_url))

    def deliver(study_uid: str) -> None:
        try:
            deliver_study(
                study_uid,
                ledger=service.ledger,
                destinations=settings.policies,
                circuit=circuit,
                calling_ae_title=settings.ae_title,
            )
        finally:  # a destination that is down keeps no other from being asked
            ask_commitment(
                study_uid,
                ledger=service.ledger,
                destinations=[policy.node for policy in settings.policies if policy.commitment],
                calling_ae_title=settings.ae_title,
            )

    return {
        Job.PREVIEW: partial(read_by_rules, preview_study),
        Job.SEGMENT: segment,
        Job.DRAFT: draft,
        Job.SIGN: partial(sign_study, ledger=service.ledger),
        Job.DELIVER: deliver,
    }


def _role(name: str, **flags: object) -> Service:
    """Return the service for the role `name`, its logs configured."""
    from study import telemetry
    from study.service import Service
    from study.settings import load_settings

    telemetry.configure_logs(name)
    return Service.open(load_settings(**flags))


def _answering_services(service: Service) -> list[ServiceClass]:
    """Return what the DICOM node answers beside verification and storage."""
    from dicom_node.commitment_request import CommitmentReports
    from dicom_node.commitment_service import CommitmentService
    from dicom_node.query import QueryService
    from dicom_node.retrieve import RetrieveService
    from study.holdings import Holdings

    settings, archive = service.settings, service.ledger.archive
    holdings = Holdings(archive)
    known = [*(policy.node for policy in settings.policies), *settings.move_destinations]
    return [
        QueryService(holdings, ae_title=settings.ae_title).service(),
        RetrieveService(holdings, archive, known, ae_title=settings.ae_title).service(),
        CommitmentService(archive, known, ae_title=settings.ae_title).service(),
        CommitmentReports(
            service.ledger, [p.node.ae_title for p in settings.policies if p.commitment]
        ).service(),
    ]


def _guard(settings: Settings) -> dict[str, Any]:
    """Return what the DICOM node asks of its peers: its limits, who may associate, its TLS port."""
    from dicom_node.guard import Access, Limits
    from dicom_node.receive import Encrypted
    from dicom_node.tls import server_context

    encrypted = None
    if settings.dicom_tls_certificate is not None and settings.dicom_tls_key is not None:
        context = server_context(
            settings.dicom_tls_certificate, settings.dicom_tls_key, peers=settings.dicom_tls_authorities
        )
        encrypted = Encrypted(settings.dicom_tls_port, context)
    return {
        "limits": Limits(
            most_associations=settings.most_associations,
            most_connections=settings.most_associations + 50,
            most_per_address=settings.most_per_address,
            idle_seconds=settings.idle_timeout,
            largest_message=settings.largest_message << 20,
        ),
        "access": Access(settings.calling_ae_titles, settings.called_ae_titles, settings.dicom_networks),
        "encrypted": encrypted,
    }


def _stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _echoes(settings: Settings) -> bool:
    """Return whether the DICOM node of `settings` answers a C-ECHO."""
    from dicom_node.echo import echo
    from study.errors import DeliveryError
    from study.settings import Destination

    node = Destination(settings.ae_title, "127.0.0.1", settings.dicom_port)
    try:
        echo(node, calling_ae_title="KIDRAY_UP", timeout=2.0)
    except DeliveryError:
        return False
    return True


def _say_ready(console: Console, settings: Settings) -> None:
    node = f"{settings.ae_title}@{settings.dicom_host}:{settings.dicom_port}"
    console.print(
        f"[bold green]ready[/bold green]  DICOM {node}  viewer {_viewer(settings)}  "
        f"logs {settings.home / 'logs'}",
        soft_wrap=True,
    )


def _viewer(settings: Settings) -> str:
    return f"http://{settings.web_host}:{settings.web_port}/"


def main() -> None:
    """Run the command line; an expected error is one sentence and exit status 1."""
    try:
        app()
    except KidrayError as error:
        print(f"kidray: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
