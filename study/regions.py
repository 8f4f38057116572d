"""Coded anatomy of the regions that findings are placed in (SNOMED CT body structures)."""

from __future__ import annotations

from study.findings import CodedConcept, FindingLabel
from study.model import Finding, Region

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

_UPPER = (
    Region.RIGHT_UPPER_QUADRANT,
    Region.LEFT_UPPER_QUADRANT,
    Region.UPPER_ABDOMEN,
    Region.CENTRAL_ABDOMEN,
)
_ABDOMINAL = tuple(region for region in Region if region is not Region.PELVIS)

# Where a reader may state a finding: a stomach lies in the upper abdomen, free gas rises out of the pelvis.
PLACES: dict[FindingLabel, tuple[Region, ...]] = {
    FindingLabel.PYLORIC_STENOSIS: _UPPER,
    FindingLabel.PNEUMOPERITONEUM: _ABDOMINAL,
    FindingLabel.AIR_FLUID_LEVELS: tuple(Region),
    FindingLabel.CONSTIPATION: tuple(Region),
}


def may_lie(finding: Finding, region: Region | None) -> bool:
    """Return whether a reader may state a finding there: where it makes sense, or was said to lie already."""
    before = finding.stated.instead_of.region if finding.stated is not None else None
    return region is None or region in (*PLACES[finding.label], finding.region, before)
