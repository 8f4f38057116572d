"""Where instances can be retrieved. Pure."""

from __future__ import annotations

from fastapi import Request

from study.archive import InstanceReference
from web_viewer.access import LOOPBACK_NAMES

PREFIX = "/dicom-web"


def base_url(request: Request) -> str:
    """Return the URL below which DICOMweb is served, as the client reached it.

    Some clients leave the port out of their Host header; on loopback no proxy can have changed it,
    so the one that they are connected to is put back.
    """
    url = request.base_url
    server = request.scope.get("server")
    if url.port is None and url.hostname in LOOPBACK_NAMES and server is not None and server[1] != 80:
        url = url.replace(port=server[1])
    return str(url).rstrip("/") + PREFIX


def study_url(base: str, ref: InstanceReference) -> str:
    """Return the URL of a study."""
    return f"{base}/studies/{ref.study_uid}"


def series_url(base: str, ref: InstanceReference) -> str:
    """Return the URL of a series."""
    return f"{study_url(base, ref)}/series/{ref.series_uid}"


def instance_url(base: str, ref: InstanceReference) -> str:
    """Return the URL of an instance."""
    return f"{series_url(base, ref)}/instances/{ref.instance_uid}"
