"""Korean ways to word a fact: each a pattern that a radiologist might write."""

from __future__ import annotations

from collections.abc import Sequence

from reporting.brief import Fact, Number
from reporting.phrases import phrases
from study.findings import FindingLabel
from study.model import Language

_TABLE = phrases(Language.KOREAN)
REGIONS: dict[str, str] = _TABLE["regions"]
RADIOGRAPHS: dict[str, str] = _TABLE["radiographs"]

STOMACH = "가스로 팽창된 위"
NOUNS: dict[FindingLabel, tuple[str, ...]] = {
    FindingLabel.PNEUMOPERITONEUM: ("복강 내 유리 가스", "기복증", "복강 내 유리 공기"),
    FindingLabel.PYLORIC_STENOSIS: ("유문 협착 양상", STOMACH, "유문 협착 양상"),
    FindingLabel.AIR_FLUID_LEVELS: ("공기액체층", "공기액체층", "공기액체층"),
    FindingLabel.CONSTIPATION: ("분변 저류", "대변 저류", "분변 저류"),
}
NUMBERS = {None: "", Number.SINGLE: "단일 ", Number.MULTIPLE: "다수의 "}

# One tuple a style. s: the noun; ga, eul, eun: its particle; where: "상복부에 "; on: "기립위 영상에서 ".
FINDINGS: dict[str, tuple[str, ...]] = {
    "high": ("{on}{where}{s}{ga} 관찰됨.", "{on}{where}{s}{ga} 확인됨.", "{on}{where}{s}{ga} 관찰됩니다."),
    "moderate": (
        "{on}{where}{s}{ga} 있을 가능성이 높음.",
        "{on}{where}{s}{ga} 추정됨.",
        "{on}{where}{s}{ga} 있을 가능성이 높습니다.",
    ),
    "low": (
        "{on}{where}{s}{ga} 있을 가능성이 있음.",
        "{on}{where}{s}{ga} 의심됨.",
        "{on}{where}{s}{ga} 있을 가능성이 있습니다.",
    ),
    "indeterminate": (
        "{on}{where}{s}{eul} 배제할 수 없음.",
        "{on}{where}{s} 여부는 불확정적임.",
        "{on}{where}{s}{eul} 배제할 수 없습니다.",
    ),
}
IMPRESSION: dict[str, tuple[str, ...]] = {
    "high": ("{on}{s}.", "{on}{where}{s}.", "{on}{s}{ga} 있습니다."),
    "moderate": (
        "{on}{s}{ga} 있을 가능성이 높음.",
        "{on}{s}{ga} 추정됨.",
        "{on}{s}{ga} 있을 가능성이 높습니다.",
    ),
    "low": ("{on}{s}{ga} 있을 가능성이 있음.", "{on}{s}{ga} 의심됨.", "{on}{s}{ga} 있을 가능성이 있습니다."),
    "indeterminate": (
        "{on}{s}{eul} 배제할 수 없음.",
        "{on}{s} 여부는 불확정적임.",
        "{on}{s}{eul} 배제할 수 없습니다.",
    ),
}
ABSENT = ("{on}{list}의 증거 없음.", "{on}{list}{eun} 관찰되지 않음.", "{on}{list}{eun} 보이지 않습니다.")
EVERY = "모든 영상에서 "
THIS = ("", "이 영상에서 ", "이 영상에서 ")


def word(fact: Fact, pattern: str, style: int, *, on: bool) -> str:
    """Return `pattern` filled from a fact that is present or indeterminate."""
    noun = NUMBERS[fact.number] + NOUNS[fact.finding][style]
    if fact.finding is FindingLabel.PYLORIC_STENOSIS and fact.region and "{where}" in pattern:
        noun = STOMACH  # a pattern lies nowhere; the stomach does
    where = f"{REGIONS[fact.region]}에 " if fact.region else ""
    shown = f"{RADIOGRAPHS[fact.radiograph]}에서 " if on and fact.radiograph else ""
    return pattern.format(s=noun, where=where, on=shown, **_particles(noun))


def deny(facts: Sequence[Fact], style: int, on: str) -> str:
    """Return one sentence that denies facts which are all absent."""
    nouns = list(dict.fromkeys(NOUNS[fact.finding][style] for fact in facts))
    listed = " 또는 ".join(filter(None, [", ".join(nouns[:-1]), nouns[-1]]))
    return ABSENT[style].format(list=listed, on=on, **_particles(listed))


def _particles(noun: str) -> dict[str, str]:
    """Return the subject, object and topic particles that follow `noun`."""
    closed = (ord(noun[-1]) - ord("가")) % 28 != 0
    return {"ga": "이", "eul": "을", "eun": "은"} if closed else {"ga": "가", "eul": "를", "eun": "는"}
