"""What the service is, and what it looks for."""

from __future__ import annotations

from fastapi import APIRouter

from study.version import service_version
from web_viewer.deps import ServicesDep
from web_viewer.schemas import FINDING_NAMES, FindingName, Service

router = APIRouter(prefix="/api", tags=["service"])


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
