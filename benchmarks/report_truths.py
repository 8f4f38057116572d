"""True wordings in patterns of their own, for counting the grounding check's false alarms."""

from __future__ import annotations

from random import Random

from reporting.brief import Brief, Fact, Number, RadiographName
from reporting.reply import Line, Reply
from study.findings import FindingLabel
from study.model import Certainty, Language, Presence, Region

P, N, A, C = (
    FindingLabel.PYLORIC_STENOSIS,
    FindingLabel.PNEUMOPERITONEUM,
    FindingLabel.AIR_FLUID_LEVELS,
    FindingLabel.CONSTIPATION,
)
_NAMES = {
    Language.ENGLISH: {
        P: ["a pattern of pyloric stenosis", "gaseous gastric distension", "a distended stomach"],
        N: ["free intraperitoneal air", "free air", "pneumoperitoneum", "free intraperitoneal gas"],
        A: ["air-fluid levels", "gas-fluid levels"],
        C: ["faecal loading", "fecal loading", "retained stool", "constipation"],
    },
    Language.KOREAN: {
        P: ["유문 협착 소견", "팽창된 위", "유문 협착증"],
        N: ["복강 내 자유 공기", "기복증", "유리 가스"],
        A: ["공기액체층", "공기-액체층"],
        C: ["분변 정체", "변비", "분변 저류"],
    },
}
# A region places the stomach, not the pattern that it forms.
_STOMACH = {
    Language.ENGLISH: ["gaseous gastric distension", "a distended stomach"],
    Language.KOREAN: ["팽창된 위", "확장된 위"],
}
_PLACES = {
    Region.RIGHT_UPPER_QUADRANT: ("right upper quadrant", "우상복부"),
    Region.LEFT_UPPER_QUADRANT: ("left upper quadrant", "좌상복부"),
    Region.RIGHT_LOWER_QUADRANT: ("right lower quadrant", "우하복부"),
    Region.LEFT_LOWER_QUADRANT: ("left lower quadrant", "좌하복부"),
    Region.CENTRAL_ABDOMEN: ("central abdomen", "복부 중앙"),
    Region.UPPER_ABDOMEN: ("upper abdomen", "상복부"),
    Region.LOWER_ABDOMEN: ("lower abdomen", "하복부"),
    Region.WHOLE_ABDOMEN: ("entire abdomen", "복부 전체"),
    Region.PELVIS: ("pelvis", "골반강"),
}
_SHOWN_ON = {
    RadiographName.SUPINE: ("supine", "앙와위"),
    RadiographName.ERECT: ("upright", "기립"),
    RadiographName.DECUBITUS: ("left lateral decubitus", "좌측와위"),
    RadiographName.FIRST: ("first", "첫 번째"),
    RadiographName.SECOND: ("second", "두 번째"),
    RadiographName.THIRD: ("third", "세 번째"),
}
_EN = {
    Certainty.HIGH: [
        "The {view}shows {n}{where}.",
        "There is evidence of {n}{where}{on}.",
        "Findings are consistent with {n}{where}{on}.",
        "{N} demonstrated{where}{on}, with high certainty.",
    ],
    Certainty.MODERATE: [
        "Findings suggestive of {n}{where}{on}.",
        "{N} likely present{where}{on}.",
        "The appearances are probably {n}{where}{on}.",
    ],
    Certainty.LOW: [
        "Appearances may represent {n}{where}{on}.",
        "Suspected {n}{where}{on}.",
        "{N} possibly present{where}{on}, with low certainty.",
    ],
    None: [
        "{N}{where}{on}: indeterminate.",
        "The radiograph is equivocal for {n}{where}{on}.",
        "{N} cannot be ruled out{where}{on}.",
    ],
}
_KO = {
    Certainty.HIGH: [
        "{on}{where}{n} 소견이 보입니다.",
        "{on}{where}{n}에 합당한 소견.",
        "{on}{where}뚜렷한 {n} 소견이 관찰됩니다.",
    ],
    Certainty.MODERATE: [
        "{on}{where}{n}을 시사하는 소견.",
        "{on}{where}{n}의 가능성이 높다.",
        "{on}{where}{n} 소견으로 추정됩니다.",
    ],
    Certainty.LOW: [
        "{on}{where}{n}의 가능성이 있다.",
        "{on}{where}{n} 의심 소견.",
        "{on}{where}{n}이 의심됩니다.",
    ],
    None: [
        "{on}{where}{n}을 배제하기 어려움.",
        "{on}{where}{n} 여부는 불확실함.",
        "{on}{where}{n} 여부는 판단하기 어려움.",
    ],
}
_EN_NONE = [
    "No radiographic evidence of {n}{on}.",
    "Negative for {n}{on}.",
    "{N} is not identified{on}.",
    "There are no signs of {n}{on}.",
    "No {n} is seen{on}.",
]
_KO_NONE = [
    "{on}{n}은 보이지 않음.",
    "{on}{n} 소견은 없습니다.",
    "{on}{n}은 확인되지 않습니다.",
    "{on}뚜렷한 {n}의 징후는 없음.",
]


def draw_truth(rng: Random, brief: Brief) -> Reply:
    """Return a true wording of `brief`, a pattern drawn for each sentence."""
    several = len({fact.radiograph for fact in brief.facts}) > 1
    lines = [_line(rng, fact, brief.language, several) for fact in brief.facts]
    seen = {fact.ref for fact in brief.facts if fact.presence is not Presence.ABSENT}
    return Reply(findings=lines, impression=[x for x in lines if x.refs[0] in seen] or lines)


def _line(rng: Random, fact: Fact, language: Language, several: bool) -> Line:
    english = language is Language.ENGLISH
    placed = fact.finding is P and fact.region is not None
    name = rng.choice(_STOMACH[language] if placed else _NAMES[language][fact.finding])
    if fact.number is Number.MULTIPLE:
        name = rng.choice(["several ", "multiple "]) + name if english else "다수의 " + name
    elif fact.number is Number.SINGLE:
        name = "a single " + name.removesuffix("s") if english else "단일 " + name
    denied = fact.presence is Presence.ABSENT
    if denied:
        pattern = rng.choice(_EN_NONE if english else _KO_NONE)
    else:
        pattern = rng.choice((_EN if english else _KO)[fact.certainty])
    where = on = view = ""
    if fact.region is not None:
        place = _PLACES[fact.region][0 if english else 1]
        where = f" in the {place}" if english else f"{place}에 "
    if several and fact.radiograph is not None:
        shown = _SHOWN_ON[fact.radiograph][0 if english else 1]
        on = f" on the {shown} view" if english else f"{shown} 사진에서 "
        view = f"{shown} "
    text = pattern.format(
        n=name, N=name[:1].upper() + name[1:], where=where, on=on, view=f"{view}radiograph "
    )
    return Line(text=text, refs=[fact.ref])
