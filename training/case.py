"""What is asked of a phantom: findings and their severity, look-alikes, appliances, projection, site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from study.compat import StrEnum
from study.findings import FINDINGS, FindingLabel
from study.model import View


class PhantomKind(StrEnum):
    """What a phantom shows first; the four findings by their label, or nothing, or another body part."""

    NORMAL = "normal"
    PYLORIC_STENOSIS = "pyloric_stenosis"
    PNEUMOPERITONEUM = "pneumoperitoneum"
    AIR_FLUID_LEVELS = "air_fluid_levels"
    CONSTIPATION = "constipation"
    CHEST = "chest"

    @property
    def finding(self) -> FindingLabel | None:
        """The finding of this name; None of a normal abdomen and of a chest."""
        return FindingLabel(self.value) if self.value in set(FindingLabel) else None


ABDOMINAL_KINDS = tuple(kind for kind in PhantomKind if kind is not PhantomKind.CHEST)
LATERAL_KINDS = (PhantomKind.NORMAL, PhantomKind.PNEUMOPERITONEUM)  # what is drawn from the side


class Projection(StrEnum):
    """How the child lay or stood, and where the beam came from."""

    SUPINE = "supine"
    ERECT = "erect"
    LEFT_LATERAL_DECUBITUS = "left_lateral_decubitus"  # on the left side, beam from front to back
    CROSS_TABLE_LATERAL = "cross_table_lateral"  # supine, beam from side to side: not for the model

    @property
    def view(self) -> View:
        """The view as the service knows it; a cross-table lateral has no name there."""
        return View.UNKNOWN if self is Projection.CROSS_TABLE_LATERAL else View(self.value)

    @property
    def shows_levels(self) -> bool:
        """Whether the beam runs along the surface of fluids."""
        return self is not Projection.SUPINE


class Mimic(StrEnum):
    """Look-alikes: what makes a reader err where no finding is."""

    CHILAIDITI = "chilaiditi"  # colon between liver and dome: free gas?
    SKIN_FOLD = "skin_fold"  # an edge across the flank: free gas?
    LARGE_GASTRIC_BUBBLE = "large_gastric_bubble"  # a stomach full of swallowed air: stenosis?
    SUBPULMONIC_GAS = "subpulmonic_gas"  # pneumothorax over the dome: free gas?
    PREPERITONEAL_FAT = "preperitoneal_fat"  # a stripe beneath dome and flank: free gas?
    GAS_AT_LIVER_EDGE = "gas_at_liver_edge"  # flexure projected over the liver: free gas?
    METEORISM = "meteorism"  # many loops full of gas without levels: obstruction?
    PHYSIOLOGICAL_LEVELS = "physiological_levels"  # one or two short ones: obstruction?
    CLOTHING_FOLD = "clothing_fold"  # lines of nappy and clothing: levels, free gas?
    STOOL_AT_LIMIT = "stool_at_limit"  # a full colon of normal width: constipation?
    CALCIFIED_NODE = "calcified_node"  # dense specks: scybala?


class Appliance(StrEnum):
    """What is in or on a child besides the child."""

    NASOGASTRIC_TUBE = "nasogastric_tube"
    UMBILICAL_CATHETERS = "umbilical_catheters"
    ECG_LEADS = "ecg_leads"
    PRESS_STUDS = "press_studs"
    GONAD_SHIELD = "gonad_shield"
    BURNT_IN_TEXT = "burnt_in_text"


class Site(StrEnum):
    """Whose equipment and whose patients; B is held out of training on purpose."""

    A = "A"
    B = "B"


@dataclass(frozen=True)
class Case:
    """All that is asked of one phantom; what is not said here is drawn from its seed.

    Attributes
    ----------
    kind
        Primary class: one of the findings if there is any.
    severities
        Severity of each finding, 0 (what readers miss) to 1 (gross).
    age_months
        None: drawn from the seed.
    """

    kind: PhantomKind
    severities: Mapping[FindingLabel, float]
    projection: Projection
    age_months: int | None = None
    mimics: frozenset[Mimic] = frozenset()
    appliances: frozenset[Appliance] = frozenset()
    site: Site = Site.A

    def __post_init__(self) -> None:
        """Refuse what no radiograph can show.

        Raises
        ------
        ValueError
            If the findings do not fit the kind, each other, the projection, or a severity is out of range.
        """
        if (self.kind.finding is None) == bool(self.severities):
            raise ValueError(f"a phantom of {self.kind} cannot have the findings {list(self.severities)}")
        if self.kind.finding is not None and self.kind.finding not in self.severities:
            raise ValueError(f"the severity of {self.kind} is missing")
        if not all(0 <= severity <= 1 for severity in self.severities.values()):
            raise ValueError(f"a severity lies between 0 (subtle) and 1 (gross), not {dict(self.severities)}")
        if FindingLabel.AIR_FLUID_LEVELS in self.severities and not self.projection.shows_levels:
            raise ValueError(
                f"air-fluid levels show in an erect child or with a horizontal beam, not {self.projection}"
            )
        if self.projection is Projection.CROSS_TABLE_LATERAL and self.kind not in LATERAL_KINDS:
            raise ValueError(
                f"a cross-table lateral is drawn for {', '.join(LATERAL_KINDS)}, not {self.kind}"
            )
        both = frozenset(self.severities)
        if len(both) > 1 and both not in COMBINATIONS:
            raise ValueError(f"no combination: {' and '.join(sorted(both))}")

    @property
    def findings(self) -> tuple[FindingLabel, ...]:
        """The findings in the order of their segment numbers."""
        return tuple(label for label in FINDINGS if label in self.severities)


# What occurs together: a perforated obstruction, obstruction by stool, perforation by stool.
COMBINATIONS = (
    frozenset({FindingLabel.PNEUMOPERITONEUM, FindingLabel.AIR_FLUID_LEVELS}),
    frozenset({FindingLabel.AIR_FLUID_LEVELS, FindingLabel.CONSTIPATION}),
    frozenset({FindingLabel.PNEUMOPERITONEUM, FindingLabel.CONSTIPATION}),
    frozenset({FindingLabel.PNEUMOPERITONEUM, FindingLabel.AIR_FLUID_LEVELS, FindingLabel.CONSTIPATION}),
)
