"""Tell a FHIR server or a receiver of HL7 version 2 of an alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reporting.alert_fhir import alert_bundle
from reporting.alert_hl7 import alert_message
from reporting.mllp import send_hl7
from reporting.rest import send_fhir
from study import telemetry
from study.alerts import Due
from study.endpoint import Endpoint
from study.model import Language, StudyAlert, StudyRecord


class EndpointChannel:
    """An endpoint that gets alerts.

    Parameters
    ----------
    endpoint
        One whose table says ``gets = ["ALERT"]``, beside whatever else.
    language
        Of the sentence on who was told.
    clock
        Gives the time with its zone.
    """

    def __init__(
        self, endpoint: Endpoint, language: Language, clock: Callable[[], datetime] = telemetry.now
    ) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._language = language
        self._clock = clock

    def tell(self, record: StudyRecord, alert: StudyAlert, due: Due) -> None:
        """Send what is due.

        Raises
        ------
        RefusedError
            If the receiver refuses it in a way that another try does not change.
        DeliveryError
            If it does not answer, not in time, or is not able to just now.
        """
        if self._endpoint.kind == "FHIR":
            send_fhir(alert_bundle(record, alert, self._endpoint, self._language), self._endpoint)
            return
        sent = alert_message(record, alert, due, self._endpoint, self._language, self._clock())
        send_hl7(sent, self._endpoint)
