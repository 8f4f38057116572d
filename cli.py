"""`kidray`: reads the settings, wires the parts, starts the roles."""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dicom_node import commands as dicom_commands
from inference import commands as vision_commands
from reporting import commands as writer_commands
from study import commands as operation
from study.errors import KidrayError, RegistryUnavailableError
from study.stopping import stop_event
from training import commands as training_commands
from training.certify_command import certify

if TYPE_CHECKING:
    from rich.console import Console

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
vision_commands.models.command("certify")(certify)
app.add_typer(vision_commands.models, name="models")
app.add_typer(writer_commands.reports, name="reports")
app.command("rebuild")(operation.rebuild)
for room in (vision_commands, training_commands, writer_commands, dicom_commands):
    app.add_typer(room.app)


def _say_version(asked: bool) -> None:
    if asked:
        from study.version import service_version

        print(f"kidray {service_version()}")
        raise typer.Exit


Home = Annotated[Path | None, typer.Option(help="Folder of archive, Redis and logs.", show_default=".kidray")]
DicomPort = Annotated[
    int | None, typer.Option(help="Port of the DICOM node; 0 takes a free one.", show_default="11112")
]
WebPort = Annotated[
    int | None, typer.Option(help="Port of viewer and APIs; 0 takes a free one.", show_default="8080")
]
AeTitle = Annotated[str | None, typer.Option(help="AE title of the node.", show_default="KIDRAY")]
Pacs = Annotated[str | None, typer.Option(help="Where results go: AE@HOST:PORT, several by comma.")]

Demo = Annotated[bool, typer.Option("--demo", help="Send ten phantom studies and show what happened.")]
ExitWhenIdle = Annotated[bool, typer.Option("--exit-when-idle", help="Stop once nothing is left to do.")]


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    pass


@app.command()
def up(
    home: Home = None,
    dicom_port: DicomPort = None,
    web_port: WebPort = None,
    ae_title: AeTitle = None,
    pacs: Pacs = None,
    demo: Demo = False,
    exit_when_idle: ExitWhenIdle = False,
) -> None:
    """Run the whole service on this machine: DICOM node, worker, viewer, and an embedded Redis and LLM.

    Every option is also a setting: KIDRAY_HOME, KIDRAY_DICOM_PORT ... or a line in kidray.toml.
    Prints `ready` with both addresses; Ctrl-C or SIGTERM stops it, finishing what runs.
    """
    from rich.console import Console

    from roles.demo import DEMO_AE, run_demo
    from roles.node import answers_echo
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
    stop = stop_event()
    with whole.only_one(given.home) as hold:
        settings = whole.settled(given)
        supervisor = Supervisor(whole.log_folder(settings), keeps=[hold])
        try:
            whole.start(supervisor, given, settings, answers_echo)
            _say_ready(console, settings)
            if demo and not stop.is_set():
                run_demo(settings, console, stop, viewer=_viewer(settings))
            service = Service.open(settings)
            whole.watch(supervisor, stop, lambda: exit_when_idle and whole.all_finished(service))
        finally:
            console.print("Stopping: what runs is finished, what waits is kept.")
            supervisor.stop()


@app.command()
def receive() -> None:
    """Run the DICOM node alone: C-ECHO, C-STORE, and the watch over what has arrived."""
    from roles.node import run_node

    run_node(_role("receive"), stop_event())


@app.command()
def work(
    threads: Annotated[int | None, typer.Option(help="Jobs at once.", show_default="2")] = None,
) -> None:
    """Run one worker alone: segment, draft, sign and deliver, as the queues ask."""
    from roles.worker import run_worker

    run_worker(_role("work", patience=10.0, worker_threads=threads), stop_event())


@app.command()
def web() -> None:
    """Run the viewer and the HTTP interfaces alone."""
    from dicom_node.echo import echo
    from inference.store import ModelStore
    from reporting.exports import exporter
    from reporting.review import Reviewer
    from study.settings import load_settings
    from web_viewer.deps import services_of
    from web_viewer.identity.wiring import logins_of
    from web_viewer.serve import serve

    service = _role("web")
    store = ModelStore.of(service.settings.home)
    identity = store.package(service.settings.model).identity
    services = services_of(
        service,
        model=identity,
        further_models=[
            ("shadow" if table.shadow else "chosen", store.package(table.model).identity)
            for table in service.settings.models
        ],
        echo=partial(echo, calling_ae_title=service.settings.ae_title),
        review=Reviewer(),
        export=exporter(service.ledger, service.settings.patient_system),
        logins=lambda: logins_of(load_settings(web_host="127.0.0.1")),  # on loopback there may be none
    )
    threading.Thread(target=services.intake.keep_telling, name="intake", daemon=True).start()
    serve(service.settings, services)


@app.command()
def password() -> None:
    r"""Ask for a password and print its hash, for a `[\[users]]` table of kidray.toml."""
    from web_viewer.identity.passwords import hashed

    print(hashed(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)))


@app.command()
def doctor() -> None:
    """Look at everything the service rests on, and say what is wrong and what to do."""
    from rich.console import Console

    from dicom_node.echo import echo
    from inference.serving import open_predictor
    from inference.store import ModelStore
    from reporting.reach import reach, reach_webhook
    from reporting.webhook import webhook_name
    from roles.readers import serving_of
    from study.doctor import Check, general_checks, run_checks
    from study.service import redis_url
    from study.settings import load_settings

    settings = load_settings()

    def model() -> str:
        package = ModelStore.of(settings.home).package(settings.model)
        runtime, identity = open_predictor(package, serving_of(settings)).runtime, package.identity
        return (
            f"{identity.name} {identity.version}, hash verified, answers as it should on {runtime.name} "
            f"in {runtime.precision}. {identity.disclaimer}."
        )

    def answers(destination: Destination) -> str:
        seconds = echo(destination, calling_ae_title=settings.ae_title)
        return f"answers a C-ECHO in {seconds * 1000:.0f} ms"

    checks = [
        *general_checks(settings, redis_url(settings)),
        Check("model", model),
        *(Check(f"PACS {p.node}", partial(answers, p.node)) for p in settings.policies),
        *(Check(f"endpoint {e}", partial(reach, e)) for e in settings.receivers),
        *(Check(webhook_name(url), partial(reach_webhook, url)) for url in settings.alert_url),
    ]
    if not run_checks(checks, Console()):
        raise typer.Exit(1)


@app.command()
def alive(
    what: Annotated[list[str], typer.Argument(help="receive, work, web, or the URL of something with HTTP.")],
) -> None:
    """Exit with 0 if each of these, on this machine, does its work; for health checks."""
    from roles.node import answers_echo
    from study.alive import NotAliveError, check_address, check_worker
    from study.service import redis_url
    from study.settings import load_settings

    settings = load_settings()
    for each in what:
        if each == "receive":
            if not answers_echo(settings):
                raise NotAliveError(f"the DICOM node does not answer a C-ECHO on port {settings.dicom_port}")
        elif each == "work":
            check_worker(settings.run, redis_url(settings))
        else:
            check_address(f"http://127.0.0.1:{settings.web_port}/readyz" if each == "web" else each)


def _role(name: str, patience: float = 2.0, **flags: object) -> Service:
    """Return the service for the role `name`, its logs configured; `patience` as for `Service.open`."""
    from study import telemetry
    from study.service import Service
    from study.settings import load_settings

    telemetry.configure_logs(name)
    return Service.open(load_settings(**flags), patience=patience)


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
    except RegistryUnavailableError as error:
        _fail(f"{error}; it is looked for under .kidray here, or where KIDRAY_HOME or KIDRAY_REDIS_URL say")
    except KidrayError as error:
        _fail(str(error))
    except OSError as error:  # a folder that cannot be written, a full disk, a closed pipe
        what = error.strerror or str(error) or type(error).__name__
        _fail(what + (f": {error.filename}" if error.filename else ""))


def _fail(sentence: str) -> NoReturn:
    print(f"kidray: {sentence}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
