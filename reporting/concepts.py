"""The coded concepts that FHIR, HL7 and alerts have alike."""

from __future__ import annotations

from study.findings import PRIVATE_SCHEME, CodedConcept

REPORT = CodedConcept("18748-4", "LN", "Diagnostic imaging report")
STUDY = CodedConcept("113014", "DCM", "DICOM Study")  # as IHE's Results Distribution names it
COMMUNICATION = CodedConcept("73568-8", "LN", "Communication of Critical Results")
AREA = CodedConcept("42798000", "SCT", "Area")
COUNT = CodedConcept("COUNT", PRIVATE_SCHEME, "Number of connected parts")
CERTAINTY = CodedConcept("111012", "DCM", "Certainty of Finding")
PLANES = {
    "detector": CodedConcept("DETECTOR_PLANE", PRIVATE_SCHEME, "In the plane of the detector"),
    "patient": CodedConcept("PATIENT_PLANE", PRIVATE_SCHEME, "Corrected for radiographic magnification"),
}
