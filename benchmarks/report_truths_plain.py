"""True wordings as reports are commonly phrased: the second set for counting false alarms.

Written for this count alone, from how such sentences are phrased in practice, after the check was done and
without its vocabulary at hand; neither the check, its tests nor the micro model's training was made from
them. What the check refused of them the first time is told in the results beside what it refuses now.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_EN_NAMES = {
    P: ("gaseous distension of the stomach", "pyloric stenosis", "a gas-filled, distended stomach"),
    N: ("free intra-abdominal air", "pneumoperitoneum", "free intraperitoneal gas"),
    A: ("air-fluid levels", "fluid levels", "air/fluid levels"),
    C: ("faecal loading", "stool retention", "constipation", "fecal retention", "retained stool"),
}
_KO_NAMES = {
    P: ("위 팽만", "유문 협착", "비후성 유문 협착"),
    N: ("복강내 유리 공기", "기복증", "자유 공기"),
    A: ("공기액체층", "공기-액체층"),
    C: ("분변 저류", "변비", "대변 저류"),
}
_EN_STOMACH = ("gaseous distension of the stomach", "gastric distension", "a gas-distended stomach")
_KO_STOMACH = ("위 팽만", "가스로 팽창된 위")
_EN_PLACES = {
    Region.RIGHT_UPPER_QUADRANT: ("in the right upper quadrant", "in the right upper abdomen"),
    Region.LEFT_UPPER_QUADRANT: ("in the left upper quadrant", "in the left upper abdomen"),
    Region.RIGHT_LOWER_QUADRANT: ("in the right lower quadrant",),
    Region.LEFT_LOWER_QUADRANT: ("in the left lower quadrant",),
    Region.CENTRAL_ABDOMEN: ("in the central abdomen", "in the mid abdomen"),
    Region.UPPER_ABDOMEN: ("in the upper abdomen", "projected over the upper abdomen"),
    Region.LOWER_ABDOMEN: ("in the lower abdomen", "within the lower abdomen"),
    Region.WHOLE_ABDOMEN: ("throughout the abdomen", "in the whole abdomen"),
    Region.PELVIS: ("in the pelvis", "over the pelvis"),
}
_KO_PLACES = {
    Region.RIGHT_UPPER_QUADRANT: "우상복부",
    Region.LEFT_UPPER_QUADRANT: "좌상복부",
    Region.RIGHT_LOWER_QUADRANT: "우하복부",
    Region.LEFT_LOWER_QUADRANT: "좌하복부",
    Region.CENTRAL_ABDOMEN: "중복부",
    Region.UPPER_ABDOMEN: "상복부",
    Region.LOWER_ABDOMEN: "하복부",
    Region.WHOLE_ABDOMEN: "복부 전반",
    Region.PELVIS: "골반강",
}
_KO_VIEWS = {
    RadiographName.SUPINE: "앙와위",
    RadiographName.ERECT: "기립위",
    RadiographName.DECUBITUS: "좌측와위",
    RadiographName.FIRST: "첫 번째",
    RadiographName.SECOND: "두 번째",
    RadiographName.THIRD: "세 번째",
}
_EN = {
    Certainty.HIGH: (
        "There {be} {n}{where}{on}.",
        "{N} {be} present{where}{on}.",
        "{N} {be} noted{where}{on}.",
        "{N} {be} demonstrated{where}{on}.",
        "{N} can be seen{where}{on}.",
        "Appearances in keeping with {n}{where}{on}.",
        "{N}{where}{on}.",
    ),
    Certainty.MODERATE: (
        "Probable {n}{where}{on}.",
        "Probably {n}{where}{on}.",
        "Findings most likely represent {n}{where}{on}.",
        "Appearances suggest {n}{where}{on}.",
        "Likely {n}{where}{on}.",
    ),
    Certainty.LOW: (
        "Possible {n}{where}{on}.",
        "{N} {be} possible{where}{on}.",
        "{N} suspected{where}{on}.",
        "Query {n}{where}{on}.",
        "Appearances could represent {n}{where}{on}.",
    ),
    None: (
        "{N}{where} cannot be excluded{on}.",
        "Equivocal for {n}{where}{on}.",
        "Cannot rule out {n}{where}{on}.",
        "It is uncertain whether there {be} {n}{where}{on}.",
        "Indeterminate for {n}{where}{on}.",
    ),
}
_KO = {
    Certainty.HIGH: (
        "{on}{where}{n} 있음.",
        "{on}{where}{n}{ga} 관찰됨.",
        "{on}{where}{n}{ga} 확인됩니다.",
        "{on}{where}{n} 소견이 있음.",
        "{on}{where}{n}{ga} 보임.",
    ),
    Certainty.MODERATE: (
        "{on}{where}{n}의 가능성이 높음.",
        "{on}{where}{n} 소견일 가능성이 높음.",
        "{on}{where}{n}{ro} 추정됨.",
        "{on}{where}{n}{eul} 시사함.",
    ),
    Certainty.LOW: (
        "{on}{where}{n} 의심.",
        "{on}{where}{n}{ga} 의심됨.",
        "{on}{where}{n} 가능성 있음.",
        "{on}{where}{n}일 수 있음.",
    ),
    None: (
        "{on}{where}{n} 여부 불확실.",
        "{on}{where}{n}{eul} 배제할 수 없습니다.",
        "{on}{where}{n} 여부 판단이 어려움.",
        "{on}{where}{n} 유무가 불분명함.",
    ),
}
_EN_NONE = (
    "No {or_list}{on}.",
    "No evidence of {or_list}{on}.",
    "No sign of {or_list}{on}.",
    "There is no {or_list}{on}.",
    "{And_list} not demonstrated{on}.",
    "No definite {or_list}{on}.",
)
_KO_NONE = (
    "{on}{list} 없음.",
    "{on}{list}{eun} 관찰되지 않음.",
    "{on}{list} 소견은 보이지 않음.",
    "{on}{list}의 증거는 없습니다.",
    "{on}뚜렷한 {list} 소견 없음.",
)


def draw_plain_truth(rng: Random, brief: Brief) -> Reply:
    """Return a true wording of `brief`: a sentence for each finding that is seen, and lists of denials."""
    several = len({fact.radiograph for fact in brief.facts}) > 1
    seen = [fact for fact in brief.facts if fact.presence is not Presence.ABSENT]
    absent = [fact for fact in brief.facts if fact.presence is Presence.ABSENT]
    denied = [
        _denial(rng, [f for f in absent if f.radiograph is name], brief.language, several)
        for name in dict.fromkeys(f.radiograph for f in absent)
    ]
    told = [_line(rng, fact, brief.language, several) for fact in seen]
    short = [_line(rng, fact, brief.language, several) for fact in seen]
    return Reply(findings=told + denied, impression=short or denied)


def _denial(rng: Random, facts: Sequence[Fact], language: Language, several: bool) -> Line:
    refs = [fact.ref for fact in facts]
    on = _on(facts[0], language) if several else ""
    if language is Language.KOREAN:
        names = [rng.choice(_KO_NAMES[fact.finding]) for fact in facts]
        listed = rng.choice((" 또는 ", ", ", " 및 ")).join(filter(None, [", ".join(names[:-1]), names[-1]]))
        return Line(text=rng.choice(_KO_NONE).format(on=on, list=listed, **_particles(listed)), refs=refs)
    names = [rng.choice(_EN_NAMES[fact.finding]).removeprefix("a ") for fact in facts]
    pattern = rng.choice(_EN_NONE)
    joined = {
        "or_list": " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])),
        "And_list": _capital(" and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))),
    }
    return Line(text=pattern.format(on=on, **joined), refs=refs)


def _line(rng: Random, fact: Fact, language: Language, several: bool) -> Line:
    placed = fact.finding is P and fact.region is not None
    on = _on(fact, language) if several else ""
    if language is Language.KOREAN:
        noun = rng.choice(_KO_STOMACH if placed else _KO_NAMES[fact.finding])
        noun = {Number.MULTIPLE: "다수의 ", Number.SINGLE: "단일 ", None: ""}[fact.number] + noun
        where = f"{_KO_PLACES[fact.region]}에 " if fact.region else ""
        text = rng.choice(_KO[fact.certainty]).format(n=noun, where=where, on=on, **_particles(noun))
        return Line(text=text, refs=[fact.ref])
    noun = rng.choice(_EN_STOMACH if placed else _EN_NAMES[fact.finding])
    plural = fact.finding is A and fact.number is not Number.SINGLE
    if fact.number is Number.MULTIPLE:
        noun = rng.choice(("multiple ", "several ")) + noun
    elif fact.number is Number.SINGLE:
        noun = "a single " + noun.removesuffix("s")
    where = " " + rng.choice(_EN_PLACES[fact.region]) if fact.region else ""
    words = {"n": noun, "N": _capital(noun), "be": "are" if plural else "is", "where": where, "on": on}
    return Line(text=rng.choice(_EN[fact.certainty]).format(**words), refs=[fact.ref])


def _on(fact: Fact, language: Language) -> str:
    if fact.radiograph is None:
        return ""
    if language is Language.KOREAN:
        return f"{_KO_VIEWS[fact.radiograph]} 영상에서 "
    name = {RadiographName.ERECT: "upright", RadiographName.DECUBITUS: "left lateral decubitus"}
    return f" on the {name.get(fact.radiograph, fact.radiograph.value)} view"


def _particles(noun: str) -> dict[str, str]:
    """Return the particles that follow a Korean noun, by its last sound."""
    last = (ord(noun[-1]) - ord("가")) % 28
    return {
        "ga": "이" if last else "가",
        "eul": "을" if last else "를",
        "eun": "은" if last else "는",
        "ro": "으로" if last not in (0, 8) else "로",
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
