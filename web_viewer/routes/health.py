"""Whether the service lives, whether it can work, and how it does."""

from __future__ import annotations

import os

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from study.errors import RegistryUnavailableError
from study.telemetry import exposition
from web_viewer.deps import ArchiveDep, RegistryDep

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def read_health() -> dict[str, str]:
    """Answer while the process lives."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "Redis or the archive cannot be used."}})
def read_readiness(registry: RegistryDep, archive: ArchiveDep) -> JSONResponse:
    """Answer 200 when Redis answers and the archive can be written, else 503 and which cannot."""
    parts = {"redis": "ready", "archive": "ready"}
    try:
        registry.ping()
    except RegistryUnavailableError as error:
        parts["redis"] = str(error)
    if not os.access(archive.root, os.R_OK | os.W_OK | os.X_OK):
        parts["archive"] = "the archive's folder cannot be written"
    ready = all(state == "ready" for state in parts.values())
    return JSONResponse(parts, 200 if ready else 503)


@router.get("/metrics", response_class=Response)
def read_metrics() -> Response:
    """Return the metrics of all processes in Prometheus' text format."""
    return Response(exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
