"""Coded anatomy of the regions that findings are placed in (SNOMED CT body structures)."""

from __future__ import annotations

from study.findings import CodedConcept
from study.model import Region

ABDOMEN = CodedConcept("818981001", "SCT", "Abdomen")

REGION_CONCEPTS: dict[Region, CodedConcept] = {
    Region.RIGHT_UPPER_QUADRANT: CodedConcept("50519007", "SCT", "Right upper quadrant of abdomen"),
    Region.LEFT_UPPER_QUADRANT: CodedConcept("86367003", "SCT", "Left upper quadrant of abdomen"),
    Region.RIGHT_LOWER_QUADRANT: CodedConcept("48544008", "SCT", "Right lower quadrant of abdomen"),
    Region.LEFT_LOWER_QUADRANT: CodedConcept("68505006", "SCT", "Left lower quadrant of abdomen"),
    Region.CENTRAL_ABDOMEN: CodedConcept("90290004", "SCT", "Umbilical region"),
    Region.UPPER_ABDOMEN: CodedConcept("80581009", "SCT", "Upper abdomen"),
    Region.LOWER_ABDOMEN: CodedConcept("27033000", "SCT", "Lower abdomen structure"),
    Region.WHOLE_ABDOMEN: ABDOMEN,
    Region.PELVIS: CodedConcept("12921003", "SCT", "Pelvis"),
}
