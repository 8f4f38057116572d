"""What a reader's word that the clinician was told makes of a study's alert. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from study.alert_events import Acknowledged
from study.errors import NotInArchiveError, StateError
from study.model import Acknowledgement, AlertState, StudyAlert, StudyRecord
from web_viewer.problems import BadRequestError
from web_viewer.schemas import AcknowledgeRequest

_AHEAD = timedelta(minutes=2)  # a workstation's clock may be fast


def acknowledge(record: StudyRecord, wish: AcknowledgeRequest, told_by: str, *, at: datetime) -> Acknowledged:
    """Return the event of an acknowledgement; finding and time identified are the alert's own.

    Raises
    ------
    NotInArchiveError
        If the study has no alert.
    StateError
        If it was acknowledged or withdrawn already, or raised anew meanwhile.
    BadRequestError
        If somebody is to have been told before the study arrived, or in the future.
    """
    alert = _open_alert(record, wish.revision)
    if wish.told_at < record.received_at.replace(second=0, microsecond=0):  # it is given to the minute
        raise BadRequestError("told_at: nobody can have been told before the study arrived")
    if wish.told_at > at + _AHEAD:
        raise BadRequestError("told_at: that time has not come yet")
    said = Acknowledgement(
        finding_ids=alert.finding_ids,
        identified_at=alert.identified_at,
        told_by=told_by,
        told_to=wish.told_to,
        told_at=wish.told_at,
        how=wish.how,
    )
    return Acknowledged(at=at, revision=record.revision, acknowledgement=said)


def _open_alert(record: StudyRecord, revision: int) -> StudyAlert:
    alert = record.alert
    if alert is None:
        raise NotInArchiveError(f"study {record.study_uid} has no critical-result alert")
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledgement is not None:
        raise StateError(f"the alert was acknowledged by {alert.acknowledgement.told_by} already")
    if alert.state is AlertState.WITHDRAWN:
        raise StateError("the alert was withdrawn: what it rested on is there no more")
    if alert.revision != revision:
        raise StateError(
            f"the alert was raised anew meanwhile, by revision {alert.revision} of the study; load it again"
        )
    return alert
