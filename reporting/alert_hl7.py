"""A critical-result alert as an HL7 version 2.5.1 message ORU^R01. Pure.

One OBR of the highest priority (TQ1-9 S), and one OBX with the finding, abnormal flag AA (HL7 table
0078: critically abnormal), status P: no person has verified it. Acknowledged, a second OBX says who was
told; withdrawn, the finding's OBX is deleted (table 0085: D).
"""

from __future__ import annotations

from datetime import datetime

from reporting.concepts import COMMUNICATION, REPORT, STUDY
from reporting.hl7 import APPLICATION, VERSION, coded
from reporting.hl7_text import components, control_id, escaped, header, message, segment, timestamp
from reporting.observed import PRESENCE_CODES
from study.alerts import Due
from study.communication import communicated
from study.endpoint import Endpoint
from study.findings import FINDINGS
from study.model import AlertState, Language, StudyAlert, StudyRecord


def alert_message(
    record: StudyRecord, alert: StudyAlert, due: Due, endpoint: Endpoint, language: Language, at: datetime
) -> str:
    """Return what is due as ORU^R01; its control ID is the same for every try.

    Parameters
    ----------
    record, alert
        The study and its alert.
    due
        What is to be told.
    endpoint
        Who gets it; tells whether the patient is named, and by whose ID.
    language
        Of the sentence on who was told.
    at
        When the message is made.
    """
    lines = [_msh(record, alert, due, endpoint, at)]
    patient = record.summary.patient_id
    if endpoint.patient_system and patient:
        known = "^".join([escaped(patient), "", "", escaped(endpoint.patient_system), "PI"])
        lines.append(segment("PID", {1: "1", 3: known, 5: "^^^^^^U"}))
    order = _order(record, endpoint)
    lines += [
        segment("ORC", {1: "RE", 3: order}),
        segment(
            "OBR",
            {
                1: "1",
                3: order,
                4: coded(REPORT),
                18: escaped(record.summary.accession_number),
                22: timestamp(at),
                24: "RAD",
                25: "P",
            },
        ),
        segment("TQ1", {1: "1", 9: "S"}),
        *_results(record, alert, language),
    ]
    return message(lines)


def _msh(record: StudyRecord, alert: StudyAlert, due: Due, endpoint: Endpoint, at: datetime) -> str:
    told = control_id(endpoint.name, record.study_uid, str(alert.raised), due.about, str(due.level))
    return header(
        {
            3: APPLICATION,
            5: escaped(endpoint.application),
            6: escaped(endpoint.facility),
            7: timestamp(at),
            9: "ORU^R01^ORU_R01",
            10: told,
            11: "T" if endpoint.training else "P",
            12: VERSION,
            18: "UNICODE UTF-8",
        }
    )


def _order(record: StudyRecord, endpoint: Endpoint) -> str:
    """Return the filler's number of the order: the accession number, else the study's UID."""
    number = record.summary.accession_number
    return components(number, endpoint.accession_system) if number else components(record.study_uid)


def _results(record: StudyRecord, alert: StudyAlert, language: Language) -> list[str]:
    withdrawn = alert.state is AlertState.WITHDRAWN
    study = {1: "1", 2: "HD", 3: coded(STUDY), 5: components("", record.study_uid, "ISO"), 11: "P"}
    finding = {
        1: "2",
        2: "CE",
        3: coded(FINDINGS[alert.label].concept),
        4: "1",
        5: "" if withdrawn else coded(PRESENCE_CODES[alert.presence]),
        8: "" if withdrawn else "AA",
        11: "D" if withdrawn else "P",
        14: timestamp(alert.identified_at),
    }
    told = [
        segment("OBX", {1: "3", 2: "TX", 3: coded(COMMUNICATION), 5: escaped(sentence.text), 11: "F"})
        for sentence in communicated(alert, language)
    ]
    return [segment("OBX", study), segment("OBX", finding), *told]
