"""Where instances can be retrieved. Pure."""

from __future__ import annotations

from fastapi import Request

from study.archive import InstanceReference

PREFIX = "/dicom-web"


def base_url(request: Request) -> str:
    """Return the URL below which DICOMweb is served, as the client reached it."""
    return str(request.base_url).rstrip("/") + PREFIX


def study_url(base: str, ref: InstanceReference) -> str:
    """Return the URL of a study."""
    return f"{base}/studies/{ref.study_uid}"


def series_url(base: str, ref: InstanceReference) -> str:
    """Return the URL of a series."""
    return f"{study_url(base, ref)}/series/{ref.series_uid}"


def instance_url(base: str, ref: InstanceReference) -> str:
    """Return the URL of an instance."""
    return f"{series_url(base, ref)}/instances/{ref.instance_uid}"
