"""How a body part is named in a header: codes, and words in English and Korean. Pure."""

from __future__ import annotations

import re

ABDOMEN = "ABDOMEN"

# Anatomic Region Sequence (0008,2218): CID 4, by SNOMED CT and by the SRT codes that it replaced.
REGION_CODES: dict[str, str] = {
    "818981001": ABDOMEN,
    "113345001": ABDOMEN,
    "T-D4000": ABDOMEN,
    "818982008": ABDOMEN,  # and pelvis
    "416949008": ABDOMEN,
    "R-FAB57": ABDOMEN,
    "818987002": ABDOMEN,
    "416550000": ABDOMEN,  # chest and abdomen: the whole infant on one film
    "R-FAB55": ABDOMEN,
    "416775004": ABDOMEN,  # chest, abdomen and pelvis
    "R-FAB56": ABDOMEN,
    "14742008": ABDOMEN,  # large intestine
    "30315005": ABDOMEN,  # small intestine
    "816094009": "CHEST",
    "51185008": "CHEST",
    "43799004": "CHEST",
    "T-D3000": "CHEST",
    "816092008": "PELVIS",
    "12921003": "PELVIS",
    "T-D6000": "PELVIS",
    "69536005": "HEAD",
    "T-D1100": "HEAD",
    "89546000": "SKULL",
    "T-11100": "SKULL",
    "45048000": "NECK",
    "T-D1600": "NECK",
    "421060004": "SPINE",
    "122494005": "SPINE",  # cervical
    "122495006": "SPINE",  # thoracic
    "122496007": "SPINE",  # lumbar
    "T-11501": "SPINE",
    "T-D8200": "EXTREMITY",
    "66019005": "EXTREMITY",
    "53120007": "EXTREMITY",  # upper
    "61685007": "EXTREMITY",  # lower
    "85562004": "EXTREMITY",  # hand
    "T-D8700": "EXTREMITY",
    "56459004": "EXTREMITY",  # foot
    "T-D9700": "EXTREMITY",
    "72696002": "EXTREMITY",  # knee
    "T-D9200": "EXTREMITY",
    "29836001": "HIP",
    "24136001": "HIP",
    "T-15710": "HIP",
}

# Beginnings of words, then whole words, then Korean anywhere. A text that names the abdomen beside
# something else (CHEST + ABDOMEN) is of the abdomen, so that stands first.
_WORDS: tuple[tuple[str, str, str, str], ...] = (
    (
        ABDOMEN,
        "(?:CHEST)?ABDOM|CHESTABDPELVI|BABYGRAM|INFANTOGRAM|INTESTIN|BOWEL",
        "ABD|KUB|AXR",
        "복부|복강|신우요관",
    ),
    (
        "SPINE",
        "SPINE|VERTEB|SCOLIO|LUMBAR|SACR|COCCY|[CTL]SPINE|THORACIC SPINE|THORACOLUMBAR",
        "[CTL]-?SP",
        "척추|경추|흉추|요추|천추|측만",
    ),
    ("CHEST", "CHEST|THORA|LUNG|RIBS", "CXR|RIB|STERNUM|CLAVICLE", "흉부|가슴|늑골|흉곽|쇄골"),
    (
        "SKULL",
        "SKULL|CRANI|MANDIB|ORBIT|FACIAL|SINUS|NASAL|MASTOID|ADENOID",
        "HEAD|PNS|TMJ|FACE",
        "두개|두부|머리|부비동|안면",
    ),
    ("NECK", "NECK|AIRWAY|LARYN|PHARYN", "STN", "경부|상기도|인두|후두"),
    ("PELVIS", "PELVI", "HIPS?", "골반|고관절"),
    (
        "EXTREMITY",
        "EXTREMIT|HAND|FINGER|THUMB|WRIST|FOREARM|ELBOW|HUMER|SHOULDER|SCAPUL|FOOT|FEET|ANKLE|KNEE|TIBIA"
        "|FIBUL|FEMUR|FEMOR|THIGH|CALCAN|PATELL|RADIUS|ULNA|BONE ?AGE",
        "ARMS?|LEGS?|CALF|TOES?|HEEL",
        "상지|하지|수부|손목|손가락|주관절|팔꿈치|어깨|견관절|족부|발목|발가락|슬관절|무릎|대퇴|상완|전완|경골|골연령|사지",
    ),
    ("BREAST", "BREAST|MAMMO", "", "유방"),
    ("WHOLE BODY", "WHOLE ?BODY|SKELETAL", "", "전신|골격"),
)
_PATTERNS = tuple(
    (
        part,
        re.compile(rf"(?<![A-Z])(?:{beginnings}|(?:{words or '(?!)'})(?![A-Z]))|{korean}"),
    )
    for part, beginnings, words, korean in _WORDS
)


def body_part_in(text: str) -> str | None:
    """Return the body part that `text` names, as this table spells it; None where it names none."""
    upper = text.upper()
    return next((part for part, pattern in _PATTERNS if pattern.search(upper)), None)
