"""The findings of a report as FHIR: an Observation each, a panel a radiograph, and who observed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reporting.concepts import AREA, CERTAINTY, COUNT, PLANES
from reporting.fhir_terms import (
    Json,
    codeable,
    coding,
    dicom_identifier,
    full_url,
    instant,
    known_as,
    quantity,
    uid_identifier,
)
from reporting.headings import person
from reporting.reported import Reported, is_critical, is_withdrawn
from study.endpoint import FhirVersion
from study.findings import FINDINGS, PRIVATE_SCHEME, CodedConcept
from study.identifiers import derived_uid
from study.model import ModelIdentity, Observation, Presence, Radiograph, SegmentReference
from study.regions import ABDOMEN, REGION_CONCEPTS
from study.tracking import tracking_uid

MANUFACTURER = "Kidray"
IMAGING = CodedConcept("imaging", "observation-category", "Imaging")
_MADE_BY_AI = CodedConcept("AIAST", "v3-ObservationValue", "Artificial Intelligence asserted")
_PANEL = CodedConcept("18782-3", "LN", "Radiology Study observation (narrative)")
_UNCERTAINTY = CodedConcept("UNCERTAINTY", PRIVATE_SCHEME, "Uncertainty of finding")
_AREA_TEXTS = {"detector": "Area at the detector", "patient": "Area in the patient"}
_SEGMENT = CodedConcept("121191", "DCM", "Referenced Segment")
_NOT_PERFORMED = CodedConcept("not-performed", "data-absent-reason", "Not Performed")
_INTERPRETATIONS = {
    Presence.PRESENT: CodedConcept("POS", "v3-ObservationInterpretation", "Positive"),
    Presence.ABSENT: CodedConcept("NEG", "v3-ObservationInterpretation", "Negative"),
    Presence.INDETERMINATE: CodedConcept("IND", "v3-ObservationInterpretation", "Indeterminate"),
}
_CRITICAL = CodedConcept("AA", "v3-ObservationInterpretation", "Critical abnormal")


def observation(observed: Observation, reported: Reported, version: FhirVersion, shared: Json) -> Json:
    """Return a finding as an Observation.

    Parameters
    ----------
    shared
        What every Observation of the report has: subject, order, time.
    """
    uid = observation_uid(observed.id, reported)
    concept = FINDINGS[observed.label].concept
    made: Json = {
        "resourceType": "Observation",
        "identifier": [uid_identifier(uid), dicom_identifier(tracking_uid(observed))],
        **labels(reported),
        **shared,
        "status": "entered-in-error" if is_withdrawn(observed, reported) else status(reported),
        "category": [codeable(IMAGING)],
        "code": codeable(concept, text=FINDINGS[observed.label].name_en),
        "bodySite": codeable(REGION_CONCEPTS[observed.region] if observed.region else ABDOMEN),
        "derivedFrom": [_study(reported)],
        "component": [*_components(observed)],
    }
    if observed.observer is not None:
        made["performer"] = [{"display": person(observed.observer)}]
    elif reported.models:
        made["device"] = {"reference": full_url(device_uid(reported.models[0]))}
    if observed.id in reported.unassessable:
        made["dataAbsentReason"] = codeable(_NOT_PERFORMED, text="These radiographs cannot show it")
    else:
        made["valueCodeableConcept"] = codeable(observed.presence_code)
        critical = [codeable(_CRITICAL)] if is_critical(observed) else []
        made["interpretation"] = [codeable(_INTERPRETATIONS[observed.presence]), *critical]
    if not made["component"]:
        del made["component"]  # an array in FHIR is never empty
    if version == "R5" and observed.segment is not None and observed.presence is not Presence.ABSENT:
        made["contained"] = [_selection(observed.segment, reported)]
        made["derivedFrom"].append({"reference": "#segment"})
    return made


def panel(radiograph: Radiograph, reported: Reported, shared: Json) -> Json:
    """Return an Observation that holds together what was found on one radiograph."""
    members = [
        {"reference": full_url(observation_uid(o.id, reported))}
        for o in reported.observations
        if o.radiograph_uid == radiograph.instance_uid and not is_withdrawn(o, reported)
    ]
    made: Json = {
        "resourceType": "Observation",
        "identifier": [uid_identifier(panel_uid(radiograph, reported))],
        **labels(reported),
        **shared,
        "status": status(reported),
        "category": [codeable(IMAGING)],
        "code": codeable(_PANEL),
        "bodySite": codeable(ABDOMEN),
        "derivedFrom": [_study(reported)],
        "note": [{"text": f"Radiograph {radiograph.instance_uid}, {radiograph.view.replace('_', ' ')}"}],
    }
    return {**made, "hasMember": members} if members else made  # an array in FHIR is never empty


def device(model: ModelIdentity, version: FhirVersion) -> Json:
    """Return the algorithm as a Device; another one after each retraining, told apart by its weights."""
    names = "name" if version == "R5" else "deviceName"
    name = {("value" if version == "R5" else "name"): model.name, "type": "user-friendly-name"}
    made: Json = {
        "resourceType": "Device",
        "identifier": [uid_identifier(device_uid(model))],
        "status": "active",
        "manufacturer": MANUFACTURER,
        names: [name],
        "version": [{"value": model.version}],
        "serialNumber": model.sha256[:16],
    }
    return {**made, "note": [{"text": model.disclaimer}]} if model.disclaimer else made


def status(reported: Reported) -> str:
    """Return how far a finding is verified: until a radiologist signs it, it is preliminary."""
    if not reported.is_signed:
        return "preliminary"
    return "amended" if reported.is_amended else "final"


def observation_uid(finding_id: str, reported: Reported) -> str:
    """Return the UID of a finding's Observation."""
    return reported.uid("observation", finding_id)


def panel_uid(radiograph: Radiograph, reported: Reported) -> str:
    """Return the UID of a radiograph's panel."""
    return reported.uid("panel", radiograph.instance_uid)


def device_uid(model: ModelIdentity) -> str:
    """Return the UID of a model: the Device UID of its SEG and SR."""
    return derived_uid("device", model.sha256)


def issued(reported: Reported) -> str:
    """Return when this version was written or signed."""
    signature = reported.report.signature
    return instant(reported.report.created_at if signature is None else signature.signed_at)


def labels(reported: Reported) -> Json:
    """Return the label of what no person has verified."""
    return {} if reported.is_signed else {"meta": {"security": [coding(_MADE_BY_AI)]}}


def _study(reported: Reported) -> Json:
    return known_as("ImagingStudy", dicom_identifier(reported.record.study_uid))


def _components(observed: Observation) -> Iterator[Json]:
    if observed.observer is None:  # a person gives no number
        yield _percent(CERTAINTY, observed.probability)
        if observed.uncertainty is not None:
            yield _percent(_UNCERTAINTY, observed.uncertainty)
    if observed.presence is Presence.ABSENT:
        return
    if observed.area_mm2 is not None:
        plane = observed.area_plane
        code = codeable(PLANES[plane], AREA, text=_AREA_TEXTS[plane])
        yield {"code": code, "valueQuantity": quantity(round(observed.area_mm2, 1), "mm2", "mm2")}
    if observed.count:
        yield {"code": codeable(COUNT), "valueInteger": observed.count}


def _percent(concept: CodedConcept, share: float) -> Json:
    return {"code": codeable(concept), "valueQuantity": quantity(round(100 * share, 1), "%", "%")}


def _selection(segment: SegmentReference, reported: Reported) -> Json:
    """Return the finding's segment as an ImagingSelection, which is new in R5."""
    return {
        "resourceType": "ImagingSelection",
        "id": "segment",
        "status": "available",
        "code": codeable(_SEGMENT),
        "studyUid": reported.record.study_uid,
        "seriesUid": segment.series_uid,
        "instance": [{"uid": segment.instance_uid, "subset": [str(segment.segment_number)]}],
    }
