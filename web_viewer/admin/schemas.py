"""What the admin page is told."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from web_viewer.schemas import Wire


class AuditLine(Wire):
    """One audit record in a line."""

    at: datetime
    login: str
    name: str
    address: str
    action: str = Field(description="Our own name of what was done, such as sign_report.")
    event: str = Field(description="Its event in DICOM PS3.15 A.5.3.")
    succeeded: bool
    study_uid: str
