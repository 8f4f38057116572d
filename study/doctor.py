"""Checks of an installation: each is a name and a function that says what it found, or raises."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import httpx
import redis
from rich.console import Console
from rich.table import Table

from study.archive import Archive
from study.circuit import llm_circuit, place
from study.errors import KidrayError, RegistryUnavailableError, SettingsError
from study.redis_server import shown
from study.registry import connect
from study.settings import Settings

_ROOM = 5 * 2**30  # bytes of free disk under which a warning is due


class Check(NamedTuple):
    """One thing to look at."""

    name: str
    look: Callable[[], str]


def general_checks(settings: Settings, redis_url: str) -> list[Check]:
    """Return the checks that need no room: settings, archive, disk, Redis, LLM."""
    return [
        Check("settings", lambda: _variables(os.environ)),
        Check("archive", lambda: _archive(settings)),
        Check("disk", lambda: _disk(settings)),
        Check("Redis", lambda: _redis(redis_url)),
        Check("LLM", lambda: _llm(settings, redis_url)),
    ]


def run_checks(checks: Sequence[Check], console: Console) -> bool:
    """Show what each check finds; returns whether all passed."""
    table = Table("", "what", "found", box=None, show_header=False)
    passed = True
    for check in checks:
        try:
            table.add_row("[green]ok[/green]", check.name, check.look())
        except (KidrayError, OSError) as error:
            passed = False
            table.add_row("[red]no[/red]", check.name, str(error))
    console.print(table)
    return passed


def _variables(environment: Mapping[str, str]) -> str:
    """Other programs have variables of this prefix too: one is wrong only where it is nearly a setting."""
    known = [f"KIDRAY_{name.upper()}" for name in Settings.model_fields]
    given = [name for name in environment if name.startswith("KIDRAY_")]
    for name in given:
        near = get_close_matches(name, known, n=1, cutoff=0.9)
        if near and name not in known:
            raise SettingsError(f"{name} is no setting; did you mean {near[0]}?")
    set_here = sorted(name for name in given if name in known)
    return "kidray.toml where there is one" + "".join(f", {name}" for name in set_here)


def _archive(settings: Settings) -> str:
    archive = Archive(settings.archive)
    probe = archive.root / ".incoming" / f"doctor-{os.getpid()}"
    began = time.perf_counter()
    with probe.open("wb") as file:
        file.write(b"0" * 4096)
        file.flush()
        os.fsync(file.fileno())
    probe.unlink()
    return f"{archive.root} takes a durable write in {(time.perf_counter() - began) * 1000:.1f} ms"


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < _ROOM:
        raise SettingsError(f"only {free / 2**30:.1f} GiB are free under {settings.home}; make room")
    return f"{free / 2**30:.0f} GiB free under {settings.home}"


def _redis(redis_url: str) -> str:
    client = connect(redis_url)
    try:
        server = client.info("server")
    except redis.RedisError as error:
        raise SettingsError(
            f"no answer at {shown(redis_url)}; start the service with `kidray up` or set KIDRAY_REDIS_URL"
        ) from error
    name = server.get("server_name", "redis")
    version = server.get("valkey_version", server.get("redis_version"))
    return f"{name} {version} at {shown(redis_url)}"


def _llm(settings: Settings, redis_url: str) -> str:
    if settings.llm_url is None:
        return "embedded micro model, started by `kidray up`"
    server = place(settings.llm_url)  # without the login that the URL may hold
    _llm_is_left_alone(server, redis_url)
    health = settings.llm_url.rstrip("/").removesuffix("/v1") + "/health"
    try:
        answer = httpx.get(health, timeout=3.0)
    except httpx.HTTPError as error:
        raise SettingsError(
            f"{server} does not answer ({type(error).__name__}); drafts keep the template's wording"
        ) from error
    if answer.status_code not in (200, 404, 405):  # not every server has /health
        raise SettingsError(
            f"{server} is not well: /health answers {answer.status_code}; drafts keep the template's wording"
        )
    return f"{server} answers {answer.status_code}, model {settings.llm_model}"


def _llm_is_left_alone(server: str, redis_url: str) -> None:
    """Raise if the workers leave the LLM alone, with the reason that they have."""
    try:
        pause = llm_circuit(connect(redis_url)).pause(server)
    except RegistryUnavailableError:
        return  # the check of Redis says so
    if pause is not None:
        raise SettingsError(
            f"{server} is left alone after {pause.failures} failures in a row, tried again in "
            f"{pause.seconds:.0f} s: {pause.reason}; drafts keep the template's wording"
        )
