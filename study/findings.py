"""The one table of segments and findings: number, label, codes, colour, criticality, names.

Codes were looked up in SNOMED CT and RadLex where a concept exists. No SNOMED CT or RadLex
concept was found for the signs "air-fluid level" and "faecal loading" on a radiograph, so these
two carry a private code (coding scheme designator ``99KIDRAY``, PS3.16 section 8.1) rather than
the code of a disease that a radiograph alone does not establish.
"""

from __future__ import annotations

from dataclasses import dataclass

from study.compat import StrEnum

PRIVATE_SCHEME = "99KIDRAY"


class FindingLabel(StrEnum):
    """What the model looks for, in the order of its segment numbers (1 to 4)."""

    PYLORIC_STENOSIS = "pyloric_stenosis"
    PNEUMOPERITONEUM = "pneumoperitoneum"
    AIR_FLUID_LEVELS = "air_fluid_levels"
    CONSTIPATION = "constipation"


@dataclass(frozen=True)
class CodedConcept:
    """A coded entry: value, coding scheme designator, meaning (PS3.3 section 8.8)."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class FindingDefinition:
    """All that is fixed about one finding.

    Attributes
    ----------
    segment_number
        DICOM segment number; also the class index of the network (0 is background).
    segment_label
        Short name of the segmented structure, as shown by third-party viewers.
    concept
        The finding itself.
    category
        Segmented property category (CID 7150).
    property_type
        Segmented property type: what the pixels are, not what disease they suggest.
    color
        sRGB, 8 bits a channel: told apart from the others, and from every grey, by colour-blind readers too
        (`tests/study/test_palette.py` measures it). Masks, SEG, GSPS, captures and the viewer all take it
        from here.
    critical
        Whether presence raises the critical-result alert.
    name_en, name_ko
        Names for people.
    """

    label: FindingLabel
    segment_number: int
    segment_label: str
    concept: CodedConcept
    category: CodedConcept
    property_type: CodedConcept
    color: tuple[int, int, int]
    critical: bool
    name_en: str
    name_ko: str


_ABNORMAL = CodedConcept("49755003", "SCT", "Morphologically Altered Structure")

FINDINGS: dict[FindingLabel, FindingDefinition] = {
    FindingLabel.PYLORIC_STENOSIS: FindingDefinition(
        label=FindingLabel.PYLORIC_STENOSIS,
        segment_number=1,
        segment_label="Distended stomach",
        concept=CodedConcept("48644003", "SCT", "Congenital hypertrophic pyloric stenosis"),
        category=_ABNORMAL,
        property_type=CodedConcept("STOMACH-DISTEND", PRIVATE_SCHEME, "Distended stomach"),
        color=(86, 180, 233),
        critical=False,
        name_en="Pyloric stenosis pattern",
        name_ko="유문 협착 소견",
    ),
    FindingLabel.PNEUMOPERITONEUM: FindingDefinition(
        label=FindingLabel.PNEUMOPERITONEUM,
        segment_number=2,
        segment_label="Free intraperitoneal gas",
        concept=CodedConcept("17204006", "SCT", "Pneumoperitoneum"),
        category=_ABNORMAL,
        property_type=CodedConcept("17204006", "SCT", "Pneumoperitoneum"),
        color=(213, 94, 0),
        critical=True,
        name_en="Pneumoperitoneum",
        name_ko="기복증",
    ),
    FindingLabel.AIR_FLUID_LEVELS: FindingDefinition(
        label=FindingLabel.AIR_FLUID_LEVELS,
        segment_number=3,
        segment_label="Gas above air-fluid levels",
        concept=CodedConcept("AIR-FLUID-LEVEL", PRIVATE_SCHEME, "Air-fluid level"),
        category=_ABNORMAL,
        property_type=CodedConcept("AIR-FLUID-LEVEL", PRIVATE_SCHEME, "Air-fluid level"),
        color=(255, 204, 0),
        critical=False,
        name_en="Air-fluid levels",
        name_ko="공기액체층",
    ),
    FindingLabel.CONSTIPATION: FindingDefinition(
        label=FindingLabel.CONSTIPATION,
        segment_number=4,
        segment_label="Faecal loading",
        concept=CodedConcept("14760008", "SCT", "Constipation"),
        category=_ABNORMAL,
        property_type=CodedConcept("FAECAL-LOADING", PRIVATE_SCHEME, "Faecal loading"),
        color=(187, 51, 255),
        critical=False,
        name_en="Faecal loading (constipation)",
        name_ko="분변 저류 (변비)",
    ),
}


def by_segment_number(number: int) -> FindingDefinition:
    """Return the definition of the finding drawn as segment `number` (1 to 4)."""
    return next(d for d in FINDINGS.values() if d.segment_number == number)
