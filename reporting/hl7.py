"""A report version as an HL7 version 2.5.1 message ORU^R01. Pure.

One OBR for the study, an OBX for each section, each finding and each of its measurements. Result status
(OBR-25, OBX-11): P for the machine's draft, F for what a radiologist signed, C for a signed addendum.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from reporting.concepts import AREA, CERTAINTY, COMMUNICATION, COUNT, PLANES, REPORT, STUDY
from reporting.headings import HEADINGS, person, sections
from reporting.hl7_text import (
    components,
    control_id,
    escaped,
    header,
    message,
    repeated,
    segment,
    timestamp,
)
from reporting.reported import Reported, is_critical, is_withdrawn
from study.endpoint import Endpoint
from study.findings import FINDINGS, PRIVATE_SCHEME, CodedConcept
from study.identifiers import derived_uid
from study.model import CodedEntry, Observation, Presence
from study.regions import REGION_CONCEPTS

APPLICATION = "KIDRAY"
VERSION = "2.5.1"
_PDF = CodedConcept("PDF", PRIVATE_SCHEME, "Report as PDF")
_SECTIONS = {
    "technique": CodedConcept("55111-9", "LN", "Current Procedure Descriptions"),
    "comparison": CodedConcept("55114-3", "LN", "Prior Procedure Descriptions"),
    "findings": CodedConcept("59776-5", "LN", "Findings"),
    "impression": CodedConcept("19005-8", "LN", "Impressions"),
    "recommendation": CodedConcept("18783-1", "LN", "Recommendations"),
    "communication": COMMUNICATION,
    "limitations": CodedConcept("LIMITATIONS", PRIVATE_SCHEME, "Limitations"),
    "addenda": CodedConcept("55107-7", "LN", "Addendum"),
}
_CANNOT_BE_OBTAINED, _DELETED = "X", "D"  # HL7 table 0085


class _Result(NamedTuple):
    """One OBX, but for its number."""

    type: str  # OBX-2
    concept: CodedConcept | CodedEntry
    value: str
    group: str = ""  # OBX-4: results of one finding share it
    more: Mapping[int, str] = MappingProxyType({})  # further fields by number
    status: str = ""  # other than the report's


def oru_message(reported: Reported, endpoint: Endpoint, *, pdf: bytes | None = None) -> str:
    """Return a report version as ORU^R01, in Unicode; its control ID follows from version and receiver.

    Parameters
    ----------
    reported
        The version and its study.
    endpoint
        Who gets it; tells whether the patient is named, and by whose ID.
    pdf
        The report as PDF, to go along.
    """
    lines = [_msh(reported, endpoint)]
    if endpoint.patient_system and reported.record.summary.patient_id:
        lines.append(_pid(reported, endpoint))
    lines += [_orc(reported, endpoint), _obr(reported, endpoint)]
    lines += [
        _obx(number, result, reported) for number, result in enumerate(_results(reported, pdf), start=1)
    ]
    return message(lines)


def report_status(reported: Reported) -> str:
    """Return P, F or C (HL7 table 0123)."""
    if not reported.is_signed:
        return "P"
    return "C" if reported.is_amended else "F"


def coded(concept: CodedConcept | CodedEntry) -> str:
    """Return a concept as CE."""
    return components(concept.value, concept.meaning, concept.scheme)


def _msh(reported: Reported, endpoint: Endpoint) -> str:
    report = reported.report
    identity = control_id(
        endpoint.name, reported.record.study_uid, report_status(reported), str(report.version)
    )
    return header(
        {
            3: APPLICATION,
            5: escaped(endpoint.application),
            6: escaped(endpoint.facility),
            7: timestamp(report.signature.signed_at if report.signature else report.created_at),
            9: "ORU^R01^ORU_R01",
            10: identity,
            11: "T" if endpoint.training else "P",
            12: VERSION,
            18: "UNICODE UTF-8",
            19: report.language.value,
        }
    )


def _pid(reported: Reported, endpoint: Endpoint) -> str:
    """Return who the patient is: an ID; the name is required, and said to be unspecified."""
    summary = reported.record.summary
    patient = "^".join([escaped(summary.patient_id), "", "", escaped(endpoint.patient_system), "PI"])
    return segment("PID", {1: "1", 3: patient, 5: "^^^^^^U"})


def _orc(reported: Reported, endpoint: Endpoint) -> str:
    return segment("ORC", {1: "RE", 3: _order(reported, endpoint)})


def _obr(reported: Reported, endpoint: Endpoint) -> str:
    report, summary = reported.report, reported.record.summary
    fields = {
        1: "1",
        3: _order(reported, endpoint),
        4: coded(REPORT),
        7: _moment(summary.study_date, summary.study_time),
        18: escaped(summary.accession_number),
        22: timestamp(report.signature.signed_at if report.signature else report.created_at),
        24: "RAD",
        25: report_status(reported),
    }
    if report.signature is not None:
        fields[32] = f"&{escaped(person(report.signature.signer))}"
    return segment("OBR", fields)


def _moment(date: str, time: str) -> str:
    """Return a DICOM date and time as TS; nothing where they are none."""
    if not re.fullmatch(r"[0-9]{8}", date):
        return ""
    return date + time[:6] if re.fullmatch(r"[0-9]{6}(\.[0-9]*)?", time) else date


def _order(reported: Reported, endpoint: Endpoint) -> str:
    """Return the filler's number of the order: the accession number, else the study's UID."""
    number = reported.record.summary.accession_number
    if not number:
        return components(reported.record.study_uid)
    return components(number, endpoint.accession_system)


def _results(reported: Reported, pdf: bytes | None) -> Iterator[_Result]:
    record, report = reported.record, reported.report
    yield _Result("HD", STUDY, components("", record.study_uid, "ISO"))
    if not reported.is_signed:
        yield _Result("TX", REPORT, escaped(HEADINGS[report.language].draft))
    for name, heading, texts in sections(report):
        said = [*texts, report.disclaimer] if name == "limitations" else texts
        said = [heading, *texts] if name == "addenda" else said  # who added it, and when
        yield _Result("TX", _SECTIONS[name], repeated(escaped(text) for text in said))
    for number, observed in enumerate(reported.observations, start=1):
        yield from _of_finding(observed, str(number), reported)
    if pdf is not None:
        data = base64.b64encode(pdf).decode()
        yield _Result("ED", _PDF, f"{APPLICATION}^application^pdf^Base64^{data}")


def _of_finding(observed: Observation, group: str, reported: Reported) -> Iterator[_Result]:
    """Yield a finding's presence, then its region, its certainty and its measurements."""
    concept = FINDINGS[observed.label].concept
    equipment = _observer(observed, reported)
    if is_withdrawn(observed, reported):
        yield _Result("CE", concept, "", group, equipment, _DELETED)
        return
    if observed.id in reported.unassessable:
        yield _Result("CE", concept, "", group, equipment, _CANNOT_BE_OBTAINED)
        return
    flag = {Presence.PRESENT: "A", Presence.INDETERMINATE: "A", Presence.ABSENT: "N"}[observed.presence]
    flags = {8: "AA" if is_critical(observed) else flag}
    if observed.observer is None:  # a person gives no number
        flags[9] = f"{observed.probability:.3f}"
    yield _Result("CE", concept, coded(observed.presence_code), group, {**flags, **equipment})
    if observed.observer is None:
        yield _number(CERTAINTY, f"{100 * observed.probability:.1f}", "%^Percent^UCUM", f"{group}.1")
    if observed.presence is Presence.ABSENT:
        return
    if observed.region is not None:
        site = CodedConcept("363698007", "SCT", "Finding Site")
        yield _Result("CE", site, coded(REGION_CONCEPTS[observed.region]), f"{group}.2")
    if observed.area_mm2 is not None:
        method = {17: coded(PLANES[observed.area_plane])}
        area = _number(AREA, f"{observed.area_mm2:.1f}", "mm2^Square millimeter^UCUM", f"{group}.3")
        yield area._replace(more={**area.more, **method})
    if observed.count:
        yield _number(COUNT, str(observed.count), "1^No units^UCUM", f"{group}.4")


def _number(concept: CodedConcept, value: str, unit: str, group: str) -> _Result:
    return _Result("NM", concept, value, group, {6: unit})


def _observer(observed: Observation, reported: Reported) -> dict[int, str]:
    """Return who observed: the reader who says so (OBX-16), else the model (OBX-18) by its Device UID."""
    if observed.observer is not None:
        return {16: components("", person(observed.observer))}
    if not reported.models:
        return {}
    model = reported.models[0]
    return {18: components(f"{model.name} {model.version}", "", derived_uid("device", model.sha256), "ISO")}


def _obx(number: int, result: _Result, reported: Reported) -> str:
    report = reported.report
    fields = {
        1: str(number),
        2: result.type,
        3: coded(result.concept),
        4: result.group,
        5: result.value,
        11: result.status or report_status(reported),
        **result.more,
    }
    if report.signature is not None and not result.status:
        fields[14] = timestamp(report.signature.signed_at)
    return segment("OBX", fields)
