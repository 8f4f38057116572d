"""What a post on a critical-result alert holds: nothing of the patient's, all of it from the event. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from study.alerts import CATEGORY, Due
from study.findings import FINDINGS, CodedConcept
from study.model import StudyAlert, StudyRecord


@dataclass(frozen=True)
class Naming:
    """What a post may name beside the study's UID.

    Attributes
    ----------
    viewer
        Address of the viewer, for a link; None: no link.
    accession
        Whether the accession number is named.
    """

    viewer: str | None = None
    accession: bool = False


def message_id(record: StudyRecord, alert: StudyAlert, due: Due) -> str:
    """Return an id that is the same for every try of one message, whoever sends it."""
    told = f"{record.study_uid} {alert.rule_id} {alert.raised} {due.about} {due.level}"
    return f"msg_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def message_of(
    record: StudyRecord, alert: StudyAlert, due: Due, at: datetime, naming: Naming
) -> dict[str, Any]:
    """Return the body of a post: type, time and data, as Standard Webhooks has it.

    Parameters
    ----------
    record, alert
        The study and its alert.
    due
        What is to be told.
    at
        When it is told.
    naming
        What may be named.
    """
    definition = FINDINGS[alert.label]
    said = alert.acknowledgement
    data: dict[str, Any] = {
        "study_uid": record.study_uid,
        "revision": alert.revision,
        "rule_id": alert.rule_id,
        "category": _coded(CATEGORY),
        "finding": {
            "label": alert.label,
            "name": definition.name_en,
            "code": _coded(definition.concept),
            "presence": alert.presence,
            "certainty": alert.certainty,
        },
        "radiograph_uid": alert.radiograph_uid,
        "identified_at": alert.identified_at.isoformat(),
        "waiting_since": alert.since.isoformat(),
        "level": due.level,
        "state": alert.state,
        "withdrawal": alert.withdrawal,
        "acknowledged": None if said is None else {"told_at": said.told_at.isoformat(), "how": said.how},
        "disclaimer": record.model.disclaimer if record.model is not None else None,
    }
    if naming.viewer is not None:
        query = urlencode({"StudyInstanceUID": record.study_uid})
        data["viewer"] = f"{naming.viewer.rstrip('/')}/viewer?{query}"
    if naming.accession:
        data["accession_number"] = record.summary.accession_number
    return {"type": f"critical_result.{due.about}", "timestamp": at.isoformat(), "data": data}


def _coded(concept: CodedConcept) -> dict[str, str]:
    return {"value": concept.value, "scheme": concept.scheme, "meaning": concept.meaning}
