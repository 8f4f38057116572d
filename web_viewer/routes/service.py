"""What the service is, and what it looks for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter

from web_viewer.deps import ServicesDep
from web_viewer.schemas import FINDING_NAMES, FindingName, Service

router = APIRouter(prefix="/api", tags=["service"])


def service_version() -> str:
    """Return the version of the installed distribution."""
    try:
        return version("kidray")
    except PackageNotFoundError:  # run from a tree that was not installed
        return "0"


@router.get("/service")
def read_service(services: ServicesDep) -> Service:
    """Return where to send studies, and what reads them."""
    settings = services.settings
    return Service(
        ae_title=settings.ae_title,
        dicom_port=settings.dicom_port if services.dicom_port is None else services.dicom_port,
        version=service_version(),
        language=settings.language,
        model=services.model,
        pacs=[str(policy.node) for policy in settings.policies],
        login=settings.asks_for_login,
    )


@router.get("/findings")
def read_findings() -> list[FindingName]:
    """Return the table of findings in the order of their segment numbers."""
    return FINDING_NAMES
