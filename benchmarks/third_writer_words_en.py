"""The third writer's English words and patterns."""

from __future__ import annotations

from reporting.brief import RadiographName
from study.findings import FindingLabel
from study.model import Certainty, Region

# Written with their article where they take one.
NOUNS: dict[FindingLabel, tuple[str, ...]] = {
    FindingLabel.PNEUMOPERITONEUM: (
        "pneumoperitoneum",
        "free intraperitoneal air",
        "free intraperitoneal gas",
        "intraperitoneal free air",
        "free air",
        "free gas",
        "free peritoneal air",
        "extraluminal intraperitoneal gas",
        "free air within the peritoneal cavity",
        "free peritoneal gas",
    ),
    FindingLabel.AIR_FLUID_LEVELS: (
        "air-fluid level",
        "gas-fluid level",
        "air\u2013fluid level",
        "air/fluid level",
        "air fluid level",
    ),
    FindingLabel.CONSTIPATION: (
        "faecal loading",
        "fecal loading",
        "stool retention",
        "retained stool",
        "faecal retention",
        "retained faeces",
        "retained faecal material",
        "stool loading",
        "fecal stasis",
        "accumulated stool",
    ),
    FindingLabel.PYLORIC_STENOSIS: (
        "a pyloric stenosis pattern",
        "a pattern of pyloric stenosis",
        "an appearance of pyloric stenosis",
        "a radiographic pattern of pyloric stenosis",
        "a hypertrophic pyloric stenosis pattern",
        "a pyloric stenosis-type pattern",
    ),
}
STOMACH = (
    "a gas-distended stomach",
    "gaseous distension of the stomach",
    "gaseous gastric distension",
    "gastric distention",
    "a stomach distended with gas",
    "a distended gas-filled stomach",
    "an air-distended stomach",
    "distension of the stomach with gas",
    "gastric gaseous distension",
    "a dilated gas-filled stomach",
)
STOMACH_CLAUSES: dict[Certainty | None, tuple[str, ...]] = {
    Certainty.HIGH: (
        "The stomach is distended with gas{in}{on}.",
        "The stomach is distended by gas{in}{on}.",
        "The stomach is gas-filled and distended{in}{on}.",
        "The stomach shows gaseous distension{in}{on}.",
    ),
    Certainty.MODERATE: (
        "The stomach is probably distended with gas{in}{on}.",
        "The stomach is likely distended by gas{in}{on}.",
    ),
    Certainty.LOW: (
        "The stomach is possibly distended with gas{in}{on}.",
        "The stomach may be distended by gas{in}{on}.",
    ),
    None: (
        "It is uncertain whether the stomach is distended with gas{in}{on}.",
        "Whether the stomach is distended by gas{in} is indeterminate{on}.",
    ),
}
SINGLE = ("a single {}", "a solitary {}", "an isolated {}", "only a single {}")
MULTIPLE = ("multiple {}s", "several {}s", "more than a single {}", "a number of {}s")
PLACES: dict[Region, tuple[str, ...]] = {
    **{
        region: (
            f"in the {side} {height} quadrant",
            f"within the {side} {height} quadrant",
            f"in the {side} {height} abdominal quadrant",
            f"in the {side} {height} quadrant of the abdomen",
            f"in the {side[0].upper()}{height[0].upper()}Q",
            f"projected over the {side} {height} quadrant",
            f"overlying the {side} {height} quadrant",
            f"in the {side} {height} abdomen",
        )
        for region, side, height in (
            (Region.RIGHT_UPPER_QUADRANT, "right", "upper"),
            (Region.LEFT_UPPER_QUADRANT, "left", "upper"),
            (Region.RIGHT_LOWER_QUADRANT, "right", "lower"),
            (Region.LEFT_LOWER_QUADRANT, "left", "lower"),
        )
    },
    Region.CENTRAL_ABDOMEN: (
        "in the central abdomen",
        "in the mid-abdomen",
        "in the mid abdomen",
        "in the middle of the abdomen",
        "centrally in the abdomen",
        "within the central abdomen",
        "in the central part of the abdomen",
    ),
    Region.UPPER_ABDOMEN: (
        "in the upper abdomen",
        "within the upper abdomen",
        "in the upper part of the abdomen",
        "overlying the upper abdomen",
        "projected over the upper abdomen",
    ),
    Region.LOWER_ABDOMEN: (
        "in the lower abdomen",
        "within the lower abdomen",
        "in the lower part of the abdomen",
        "overlying the lower abdomen",
        "projected over the lower abdomen",
    ),
    Region.WHOLE_ABDOMEN: (
        "throughout the abdomen",
        "throughout the entire abdomen",
        "in the whole abdomen",
        "across the whole abdomen",
        "across the entire abdomen",
        "over the whole abdomen",
    ),
    Region.PELVIS: (
        "in the pelvis",
        "within the pelvis",
        "overlying the pelvis",
        "projected over the pelvis",
        "in the pelvic region",
    ),
}
VIEWS: dict[RadiographName, tuple[str, ...]] = {
    RadiographName.ERECT: ("erect", "upright", "erect abdominal"),
    RadiographName.SUPINE: ("supine", "supine abdominal"),
    RadiographName.DECUBITUS: ("decubitus", "left lateral decubitus", "lateral decubitus"),
}
FILMS = ("radiograph", "view", "film", "image", "projection")
HERE = ("", "", "", " on this radiograph", " on the radiograph", " on this image", " on this view")
ANYWHERE = (
    " on any of the radiographs",
    " on any radiograph",
    " on these radiographs",
    " on any view",
    " on all views",
    " on any of the images",
)
TELL: dict[Certainty | None, tuple[str, ...]] = {
    Certainty.HIGH: (
        "{N}{in}{on}.",
        "{N}{in} {be} seen{on}.",
        "{N} {be} seen{in}{on}.",
        "{N} {be} present{in}{on}.",
        "{N} {be} noted{in}{on}.",
        "{N} {be} demonstrated{in}{on}.",
        "{N} {be} identified{in}{on}.",
        "{N} {be} visible{in}{on}.",
        "{N} {be} evident{in}{on}.",
        "{N} {be} visualised{in}{on}.",
        "{N} {be} observed{in}{on}.",
        "There {be} {n}{in}{on}.",
        "{Film} shows {n}{in}.",
        "{Film} demonstrates {n}{in}.",
        "{Film} reveals {n}{in}.",
        "Findings are consistent with {n}{in}{on}.",
        "Findings are in keeping with {n}{in}{on}.",
        "Appearances are those of {n}{in}{on}.",
        "Presence of {n}{in}{on}.",
        "Evidence of {n}{in}{on}.",
        "There is evidence of {n}{in}{on}.",
    ),
    Certainty.MODERATE: (
        "Probable {b}{in}{on}.",
        "Likely {b}{in}{on}.",
        "{N}{in} {be} probable{on}.",
        "{N} {be} likely{in}{on}.",
        "{N} {be} probably present{in}{on}.",
        "{N} {be} likely present{in}{on}.",
        "There {be} probably {n}{in}{on}.",
        "There {be} likely {n}{in}{on}.",
        "There {be} probable {b}{in}{on}.",
        "{Film} probably shows {n}{in}.",
        "Findings probably represent {n}{in}{on}.",
        "Findings likely represent {n}{in}{on}.",
        "{N}{in} {be} considered probable{on}.",
        "{N}{in} {be} thought likely{on}.",
        "The presence of {n}{in} is probable{on}.",
    ),
    Certainty.LOW: (
        "Possible {b}{in}{on}.",
        "{N}{in} {be} possible{on}.",
        "{N} {be} possible{in}{on}.",
        "{N} {be} possibly present{in}{on}.",
        "{N} may be present{in}{on}.",
        "{N} might be present{in}{on}.",
        "{N} could be present{in}{on}.",
        "There {be} possibly {n}{in}{on}.",
        "There may be {n}{in}{on}.",
        "There {be} possible {b}{in}{on}.",
        "{Film} possibly shows {n}{in}.",
        "{Film} may show {n}{in}.",
        "Findings may represent {n}{in}{on}.",
        "Findings possibly represent {n}{in}{on}.",
        "{N}{in} {be} considered possible{on}.",
        "The presence of {n}{in} is possible{on}.",
    ),
    None: (
        "{N}{in} cannot be excluded{on}.",
        "{N} cannot be ruled out{in}{on}.",
        "{N}{in} {be} not excluded{on}.",
        "{N}{in} {be} equivocal{on}.",
        "{N}{in} {be} indeterminate{on}.",
        "Equivocal for {n}{in}{on}.",
        "Equivocal {b}{in}{on}.",
        "Indeterminate for {n}{in}{on}.",
        "Findings are equivocal for {n}{in}{on}.",
        "Findings are indeterminate for {n}{in}{on}.",
        "{N}{in} can neither be confirmed nor excluded{on}.",
        "{N}{in} can be neither confirmed nor excluded{on}.",
        "The presence of {n}{in} is uncertain{on}.",
        "The presence of {n}{in} is equivocal{on}.",
        "The presence of {n}{in} cannot be excluded{on}.",
        "It is uncertain whether there {be} {n}{in}{on}.",
        "{Film} is equivocal for {n}{in}.",
    ),
}
CONSISTENT = (", consistent with {}", ", in keeping with {}", ", compatible with {}", ", representing {}")
MEANING = {
    FindingLabel.PNEUMOPERITONEUM: "pneumoperitoneum",
    FindingLabel.CONSTIPATION: "constipation",
    FindingLabel.PYLORIC_STENOSIS: "a pyloric stenosis pattern",
}
JOIN: dict[Certainty | None, tuple[str, ...]] = {
    Certainty.HIGH: (
        "{L}{on}.",
        "{L} are seen{on}.",
        "{L} are present{on}.",
        "There is evidence of {l}{on}.",
    ),
    Certainty.MODERATE: ("Probable {l}{on}.", "{L} are probable{on}.", "{L} are likely{on}."),
    Certainty.LOW: ("Possible {l}{on}.", "{L} are possible{on}.", "{L} may be present{on}."),
    None: ("{L} cannot be excluded{on}.", "{L} are equivocal{on}.", "Indeterminate for {l}{on}."),
}
DENY = (
    "No {o}{on}.",
    "No evidence of {o}{on}.",
    "There is no {o}{on}.",
    "There is no evidence of {o}{on}.",
    "There are no signs of {o}{on}.",
    "No radiographic evidence of {o}{on}.",
    "No sign of {o}{on}.",
    "No {o} {last} seen{on}.",
    "No {o} {last} identified{on}.",
    "No {o} {last} demonstrated{on}.",
    "No {o} can be seen{on}.",
    "{A} {be} not seen{on}.",
    "{A} {be} not identified{on}.",
    "{A} {be} not demonstrated{on}.",
    "{A} {be} not visualised{on}.",
    "{A} {be} absent{on}.",
    "Negative for {o}{on}.",
    "The model finds no {o}{on}.",
    "The model detects no {o}{on}.",
    "{Film} shows no {o}.",
    "{Film} shows no evidence of {o}.",
    "No findings of {o}{on}.",
    "{Nor} {last} seen{on}.",
    "{Nor} {last} identified{on}.",
)
