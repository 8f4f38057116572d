"""Put together how the service does: each part by itself, so that one that is down hides no other."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import redis

from study.circuit import Circuit, Pause
from study.destination import DestinationPolicy
from study.doctor import general_checks
from study.errors import KidrayError, RegistryUnavailableError
from study.jobs import DeadLetter, Job
from study.registry import connect
from study.telemetry import now
from web_viewer.admin.figures import Figures, quantile, since
from web_viewer.admin.pulse import Pulse, Sample
from web_viewer.admin.schemas import (
    AdminState,
    DeadJob,
    DestinationState,
    DiskState,
    ModelState,
    PartState,
    QueueState,
    StepState,
)
from web_viewer.deps import Held, Services

MOST_SHOWN = 200  # dead letters

T = TypeVar("T")


def admin_state(kept: Held, pulse: Pulse, version: str) -> AdminState:
    """Return how the service does."""
    services = kept.services
    sample = pulse.take()
    dead: list[DeadLetter] = _or_else(services.queue.dead_letters, [])
    lengths: dict[str, int] = _or_else(services.queue.lengths, {})
    states: list[str] = _or_else(lambda: [str(s) for s in kept.index.states(services.registry)], [])
    return AdminState(
        at=now(),
        version=version,
        studies=dict(Counter(states)),
        queues=[QueueState(name=name, jobs=jobs) for name, jobs in lengths.items()],
        history=pulse.history(),
        steps=_steps(sample, pulse.oldest),
        dead=[DeadJob(**letter._asdict()) for letter in reversed(dead[-MOST_SHOWN:])],
        dead_total=len(dead),
        destinations=_destinations(services, sample.figures),
        models=_models(services),
        disk=_disk(services),
        redis=_redis(services),
        llm=_llm(services),
        wordings={outcome: int(count) for outcome, count in sample.figures.wordings.items()},
        audit_trouble=kept.audit.trail.trouble,
    )


def _or_else(ask: Callable[[], T], otherwise: T) -> T:
    try:
        return ask()
    except RegistryUnavailableError:
        return otherwise


def _steps(sample: Sample, oldest: Sample) -> list[StepState]:
    steps = []
    for job in Job:
        buckets = since(
            sample.figures.seconds.get(job, {}),
            oldest.figures.seconds.get(job, {}) if oldest is not sample else {},
        )
        steps.append(
            StepState(
                job=job,
                done=int(buckets.get(math.inf, 0)),
                p50=quantile(buckets, 0.5),
                p95=quantile(buckets, 0.95),
                p99=quantile(buckets, 0.99),
            )
        )
    return steps


def _destinations(services: Services, figures: Figures) -> list[DestinationState]:
    client = connect(services.redis_url)
    circuit = Circuit(client)
    try:
        return [_destination(policy, circuit, figures) for policy in services.settings.policies]
    finally:
        client.close()


def _destination(policy: DestinationPolicy, circuit: Circuit, figures: Figures) -> DestinationState:
    title = policy.node.ae_title
    pause: Pause | None = _or_else(lambda: circuit.pause(title), None)
    return DestinationState(
        ae_title=title,
        address=f"{policy.node.host}:{policy.node.port}",
        tls=policy.tls,
        gets=list(policy.gets or ()),
        when=policy.when,
        sent=int(figures.sent.get((title, "sent"), 0)),
        failed=int(sum(n for (to, outcome), n in figures.sent.items() if to == title and outcome != "sent")),
        pause=pause.seconds if pause else None,
        failures=pause.failures if pause else 0,
        reason=pause.reason if pause else None,
    )


def _models(services: Services) -> list[ModelState]:
    shown = [("shown", services.model)] if services.model else []
    return [
        ModelState(
            name=identity.name,
            version=identity.version,
            sha256=identity.sha256,
            use=use,
            disclaimer=identity.disclaimer,
        )
        for use, identity in (*shown, *services.further_models)
    ]


def _disk(services: Services) -> DiskState:
    settings = services.settings
    usage = shutil.disk_usage(services.archive.root)
    return DiskState(
        total=usage.total,
        free=usage.free,
        reserve=int(settings.disk_reserve * 2**30),
        keep_days=settings.keep_days,
        keep_free=settings.keep_free,
    )


def _redis(services: Services) -> PartState:
    client = connect(services.redis_url)
    try:
        told = client.info()
    except redis.RedisError as error:
        return PartState(good=False, text=f"Redis does not answer ({type(error).__name__})")
    finally:
        client.close()
    name = told.get("server_name", "redis")
    version = told.get("valkey_version", told.get("redis_version"))
    memory, clients = told.get("used_memory_human", "?"), told.get("connected_clients")
    return PartState(good=True, text=f"{name} {version}, {memory}B, {clients} clients")


def _llm(services: Services) -> PartState:
    check = next(c for c in general_checks(services.settings, services.redis_url) if c.name == "LLM")
    try:
        return PartState(good=True, text=check.look())
    except (KidrayError, OSError) as error:
        return PartState(good=False, text=str(error))
