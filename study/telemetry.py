"""Structured logs and metrics; neither ever holds a patient's name or ID."""

from __future__ import annotations

import logging
import os
import socket
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path

import pydicom.config
import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

# Metrics of several processes meet in files below this folder; set before this module is imported.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

if MULTIPROCESS in os.environ:
    Path(os.environ[MULTIPROCESS]).mkdir(parents=True, exist_ok=True)
    # Containers that share the folder number their processes alike, so the host's name tells them apart.
    _host = socket.gethostname().replace("_", "-")
    values.ValueClass = values.MultiProcessValue(lambda: f"{_host}-{os.getpid()}")  # type: ignore[no-untyped-call]

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300)

INSTANCES = Counter("kidray_instances_total", "Instances offered, by outcome", ["outcome"])
INSTANCE_BYTES = Counter("kidray_instance_bytes_total", "Bytes of the data sets stored")
STORE_SECONDS = Histogram(
    "kidray_store_seconds", "From the whole data set received to durable on disk", buckets=_SECONDS
)
JOBS = Counter("kidray_jobs_total", "Jobs run, by job and outcome", ["job", "outcome"])
JOB_SECONDS = Histogram("kidray_job_seconds", "Duration of a job", ["job"], buckets=_SECONDS)
FINDINGS_FOUND = Counter("kidray_findings_total", "Findings, by label and presence", ["label", "presence"])
SHADOW_FINDINGS = Counter(
    "kidray_shadow_findings_total",
    "Findings that a shadow model read too, by whether its decision is the shown model's",
    ["model", "version", "label", "decision"],
)
DRAFT_SECONDS = Histogram(
    "kidray_draft_seconds", "From the first instance received to the draft", buckets=_SECONDS
)
WORDINGS = Counter("kidray_wordings_total", "LLM wordings asked for, by outcome", ["outcome"])
WORDING_SECONDS = Histogram("kidray_wording_seconds", "Duration of a wording, all tries", buckets=_SECONDS)
FIRST_TOKEN_SECONDS = Histogram(
    "kidray_wording_first_token_seconds", "From the first question to its first token", buckets=_SECONDS
)
WORDING_TOKENS = Counter("kidray_wording_tokens_total", "Tokens that the LLM read and wrote", ["kind"])
LLM_LEFT_ALONE = Gauge(
    "kidray_llm_left_alone", "Whether the LLM is left alone: 1 or 0", multiprocess_mode="mostrecent"
)
DELIVERIES = Counter(
    "kidray_deliveries_total", "Objects sent, by destination and outcome", ["destination", "outcome"]
)
_MINUTES = tuple(60 * m for m in (1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 240, 720))
ALERTS = Counter("kidray_alerts_total", "Critical-result alerts, by rule and what became", ["rule", "state"])
ALERTS_OPEN = Gauge(
    "kidray_alerts_open", "Critical-result alerts not acknowledged", multiprocess_mode="mostrecent"
)
ALERT_SECONDS = Histogram(
    "kidray_alert_seconds", "From the vision result to the alert", buckets=(0.01, *_SECONDS)
)
ACKNOWLEDGE_SECONDS = Histogram(
    "kidray_acknowledge_seconds", "From the vision result to the alert's acknowledgement", buckets=_MINUTES
)
ESCALATIONS = Counter("kidray_escalations_total", "Steps of escalation taken, by level", ["level"])
NOTICES = Counter("kidray_alert_notices_total", "Calls to a channel, by outcome", ["channel", "outcome"])
QUEUED_JOBS = Gauge("kidray_queued_jobs", "Jobs waiting, by queue", ["queue"], multiprocess_mode="mostrecent")


def now() -> datetime:
    """Return the time, with its zone (UTC)."""
    return datetime.now(timezone.utc)


def configure_logs(role: str, *, file: Path | None = None, level: int = logging.INFO) -> None:
    """Write one JSON object a line, each with the role that wrote it, to `file` or standard error."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    stream = sys.stderr if file is None else file.open("a", encoding="utf-8")

    def name_the_role(
        _logger: object, _name: str, fields: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {"role": role, **fields}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_the_role,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _flat,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    # Toolkits quote header values in their warnings, a patient's name among them: keep those out.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.captureWarnings(True)
    logging.getLogger("dramatiq").setLevel(logging.CRITICAL + 1)  # jobs log their own failures
    logging.basicConfig(level=logging.ERROR, stream=stream, force=True)
    for handler in logging.root.handlers:  # pydicom's logger has a level of its own
        handler.setLevel(logging.ERROR)


def _flat(_logger: object, _name: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Turn values that JSON lacks (paths, enumerations) into strings."""
    return {
        k: v if isinstance(v, (str, int, float, bool, list, dict, type(None))) else str(v)
        for k, v in fields.items()
    }


def where(error: BaseException, frames: int = 6) -> list[str]:
    """Return the innermost places that `error` passed, without what its message may quote."""
    passed = traceback.extract_tb(error.__traceback__)[-frames:]
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in passed]


def share_metrics(folder: Path) -> None:
    """Empty the folder in which the processes of one service share their metrics.

    Called by the supervisor before it starts them; they find it in `PROMETHEUS_MULTIPROC_DIR`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format, those of other processes included."""
    if MULTIPROCESS not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
