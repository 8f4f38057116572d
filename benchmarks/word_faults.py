"""Make true wordings false with the check's own words: whatever it allows must not let a falsehood through.

Two kinds of fault. One puts, for a phrase that the check reads, any phrase of the same class that says
something else. The other puts a whole sentence of a known trick in place of a true one, with the names of
findings drawn from all that the check knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from reporting.brief import Brief, Fact
from reporting.lexicon import lexicon
from reporting.reply import Line, Reply, parse_reply, reply_json
from reporting.vocabulary import vocabulary
from study.findings import FindingLabel
from study.model import Language, Presence

Fault = Callable[[Random, Brief, str], "str | None"]

# {a} and {b}: names of two absent findings. Each sentence asserts {b}, or denies otherwise than plainly.
_DENIALS = {
    Language.ENGLISH: [
        "{b}, {a} is not seen.",
        "{b}: {a} is not seen.",
        "No {a}; {b}.",
        "No {a}, {b} is noted.",
        "{a} negative, {b} positive.",
        "{a} (-), {b} (+).",
        "{a} is absent ({b}).",
        "Suspected {b} without {a}.",
        "{a} is not seen, {b} suggested.",
        "Suggestive of {b}, {a} is not seen.",
        "No evidence is found and {b} is present, {a} is not.",
        "Absent {a}, {b}.",
        "Absent {a} and {b}.",
        "Not only {a} is absent, {b} is.",
        "{b}; so is {a}.",
        "No {a} is seen, with {b}.",
        "There is no {a} and there is {b}.",
        "The radiograph does not show {a}, shows {b}.",
        "Free of {a}, {b} seen.",
        "No lack of {b}, no {a}.",
        "Neither {a} nor {b} is absent.",
        "{b} is present, as is {a}.",
        "{a} and {b} are not both seen.",
        "No {a} or {b}, no findings.",
        "I do not see no {a} or {b}.",
    ],
    Language.KOREAN: [
        "{b}이며 {a} 없음.",
        "{b}임, {a} 없음.",
        "{b} 소견 보이는 영상에서 {a} 없음.",
        "{b} 있는 상태에서 {a} 없음.",
        "{b} 의심되는 영상에서 {a} 없음.",
        "{b} 형성됨, {a} 없음.",
        "{b} (+), {a} (-).",
        "{b} 양성, {a} 음성.",
        "{a} 없으나 {b}.",
        "{a} 없음, {b} 있음.",
        "{b} 생각되며 {a} 없음.",
        "{b} 시사되며 {a} 없음.",
        "{b}인 상태로 {a} 없음.",
        "{a} 없음 및 {b}.",
        "{a} ({b}) 없음.",
        "{a} 아니라 {b}.",
        "{a}, {b} 없지 않음.",
        "{a} 또는 {b} 배제할 수 없음.",
        "{a}, {b} 없고 그 외 소견 없음.",
    ],
}
# {n}: the name of a finding that is there, whose certainty and region are said as the facts say them.
_ADDITIONS = {
    Language.ENGLISH: [
        " under the diaphragm",
        " in the small bowel",
        " in the colon",
        " in the stomach and duodenum",
        " on the left lateral view",
        " on the right lateral decubitus view",
        " on the left",
        " with abdominal distension",
        " with distended bowel",
        " with free fluid",
        " with impaction",
        " compared with the first radiograph",
        " or none",
        " due to gas",
        ", not seen on the supine view",
        " as before",
        ", now resolved",
        " with stool in the stomach",
        " with gas in the bowel",
        ", compatible with perforation",
        " in the left lateral abdomen",
        ", more than before",
        ", less likely",
        ", unlikely",
        ", and other findings",
    ],
    Language.KOREAN: [
        " 소장 내",
        " 횡격막 하방",
        " 대장 내 위치",
        " 및 복수",
        " 및 복수의 소견",
        " 좌측",
        " 우측 와위",
        " 및 복부 팽만",
        " 및 장 팽창",
        " 및 유리 액체",
        " 매복",
        " 이후 변화",
        " 만성",
        " 때문",
        " 하지",
        " 간 주위",
        " 가능성이 낮음",
        " 없지 않음",
        " 확인 바람",
        " 및 병변",
        " 등",
        " 외 다른 소견",
    ],
}


def reworded(kind: str) -> Fault:
    """Return the fault that says another thing of `kind`, in any phrase that the check knows for it."""

    def fault(rng: Random, brief: Brief, text: str) -> str | None:
        reply = parse_reply(text)
        lines = list(reply.findings)
        place = rng.randrange(len(lines))
        marks = [m for m in lexicon(brief.language).read(lines[place].text) if m.kind == kind]
        known: dict[str, list[str]] = vocabulary(brief.language)[kind]
        if not marks or not _matters(kind, _facts(lines[place], brief)):
            return None
        mark = rng.choice(marks)
        said_already = {m.value for m in marks} | {"every", "likewise"}
        others = [value for value in known if value not in said_already and known[value]]
        if not others:
            return None
        said = rng.choice(known[rng.choice(others)])
        told = lines[place].text
        at = told.casefold().find(mark.text)
        if at < 0:
            return None
        lines[place] = lines[place].model_copy(
            update={"text": told[:at] + said + told[at + len(mark.text) :]}
        )
        return _with(reply, lines)

    return fault


def undenied(rng: Random, brief: Brief, text: str) -> str | None:
    """Put a trick in place of a denial: it denies one finding and asserts another, or denies twice."""
    reply = parse_reply(text)
    absent = {fact.finding: fact for fact in brief.facts if fact.presence is Presence.ABSENT}
    if len(absent) < 2:
        return None
    one, two = rng.sample(list(absent.values()), 2)
    names = vocabulary(brief.language)["term"]
    told = rng.choice(_DENIALS[brief.language]).format(
        a=rng.choice(names[one.finding.value]), b=rng.choice(names[two.finding.value])
    )
    line = Line(text=told[:1].upper() + told[1:], refs=[one.ref, two.ref])
    return _with(reply, [*reply.findings, line])


def embellished(rng: Random, brief: Brief, text: str) -> str | None:
    """Put at the end of a finding's sentence what no fact holds, in words that the check knows elsewhere."""
    reply = parse_reply(text)
    lines = list(reply.findings)
    place = rng.randrange(len(lines))
    if any(fact.presence is Presence.ABSENT for fact in _facts(lines[place], brief)):
        return None
    told = lines[place].text.rstrip(".")
    addition = rng.choice(_ADDITIONS[brief.language])
    lines[place] = lines[place].model_copy(update={"text": f"{told}{addition}."})
    return _with(reply, lines)


def denied_matter(rng: Random, brief: Brief, text: str) -> str | None:
    """Deny what a finding is made of, where only the finding is absent."""
    reply = parse_reply(text)
    absent = [fact for fact in brief.facts if fact.presence is Presence.ABSENT]
    matter = {
        Language.ENGLISH: {
            FindingLabel.CONSTIPATION: ["No stool.", "No stool or constipation.", "No faecal material."],
            FindingLabel.PNEUMOPERITONEUM: ["No gas.", "No air or free gas.", "No gas, no pneumoperitoneum."],
        },
        Language.KOREAN: {
            FindingLabel.CONSTIPATION: ["대변 없음.", "분변 음영 없음.", "대변 및 변비 없음."],
            FindingLabel.PNEUMOPERITONEUM: ["가스 없음.", "공기 및 기복증 없음.", "가스, 기복증 없음."],
        },
    }[brief.language]
    fitting = [fact for fact in absent if fact.finding in matter]
    if not fitting:
        return None
    fact = rng.choice(fitting)
    line = Line(text=rng.choice(matter[fact.finding]), refs=[fact.ref])
    return _with(reply, [*reply.findings, line])


def _facts(line: Line, brief: Brief) -> list[Fact]:
    return [fact for fact in brief.facts if fact.ref in line.refs]


def _matters(kind: str, facts: Sequence[Fact]) -> bool:
    """Return whether another word of `kind` makes the sentence false: a denial denies its hedges too."""
    return kind != "certainty" or all(fact.presence is not Presence.ABSENT for fact in facts)


def _with(reply: Reply, lines: Sequence[Line]) -> str:
    return reply_json(reply.model_copy(update={"findings": list(lines)}))


WORD_FAULTS: dict[str, Fault] = {
    **{
        f"any other {kind}": reworded(kind)
        for kind in ("region", "certainty", "number", "radiograph", "term")
    },
    "undenied": undenied,
    "embellished": embellished,
    "matter denied": denied_matter,
}
