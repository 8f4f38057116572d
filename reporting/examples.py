"""Write the examples in docs/reports.md: twenty cases, both languages, template and LLM side by side.

Run as ``python -m reporting.examples docs/reports.md``; what stands between the two marker lines of
that file is replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from reporting.draft import MEASUREMENT, write_draft
from reporting.llm import Llm
from reporting.server import serving
from reporting.wording import reword
from study.findings import FindingLabel
from study.model import (
    DISCLAIMER_EN,
    AgeBand,
    Certainty,
    DraftSource,
    Finding,
    Language,
    ModelIdentity,
    Presence,
    Radiograph,
    Region,
    Report,
    Sentence,
    View,
)

PATIENCE = 600.0  # seconds for one wording: a busy machine changes no example
BEGIN, END = "<!-- examples begin -->", "<!-- examples end -->"
_MODEL = ModelIdentity(name="example", version="1", sha256="0" * 64, disclaimer=DISCLAIMER_EN)
_AT = datetime(2026, 1, 1, tzinfo=timezone.utc)
_VIEWS = {
    "supine": View.SUPINE,
    "erect": View.ERECT,
    "decubitus": View.LEFT_LATERAL_DECUBITUS,
    "unknown": View.UNKNOWN,
}
_SHORT = {
    "pyloric": FindingLabel.PYLORIC_STENOSIS,
    "free-gas": FindingLabel.PNEUMOPERITONEUM,
    "levels": FindingLabel.AIR_FLUID_LEVELS,
    "stool": FindingLabel.CONSTIPATION,
}

_OLDER = "over_six_months "

# One line a case, of an infant of two to twelve weeks unless it says otherwise: a radiograph's view, then
# what is seen on it as finding, certainty or "indeterminate", region, and how many. What is not named is
# absent. "|" parts radiographs.
CASES = (
    "supine",
    "erect",
    "erect free-gas high upper_abdomen",
    "supine free-gas moderate central_abdomen",
    "supine free-gas low right_upper_quadrant",
    "supine free-gas indeterminate upper_abdomen",
    "decubitus free-gas high right_upper_quadrant",
    "supine pyloric high left_upper_quadrant",
    "supine pyloric moderate upper_abdomen",
    "over_six_months supine pyloric moderate left_upper_quadrant",
    "erect levels high central_abdomen 1",
    "erect levels high central_abdomen 5",
    "erect levels moderate left_upper_quadrant 2",
    "erect levels low lower_abdomen 3",
    "supine stool high left_lower_quadrant",
    "supine stool moderate whole_abdomen",
    "supine stool low pelvis",
    "erect free-gas high upper_abdomen levels moderate central_abdomen 3",
    "supine stool high left_lower_quadrant pyloric low upper_abdomen free-gas indeterminate upper_abdomen",
    "supine stool moderate left_lower_quadrant | erect levels high central_abdomen 4 stool low pelvis",
)


class Case(NamedTuple):
    """One example: its line, and what the line stands for."""

    line: str
    findings: list[Finding]
    radiographs: list[Radiograph]
    age_band: AgeBand = AgeBand.TWO_TO_TWELVE_WEEKS


def cases() -> list[Case]:
    """Return the twenty examples."""
    return [example(line) for line in CASES]


def template(case: Case, language: Language) -> Report:
    """Return the template draft of an example."""
    return write_draft(
        study_uid="1.2.3",
        revision=1,
        version=1,
        findings=case.findings,
        radiographs=case.radiographs,
        language=language,
        model=_MODEL,
        not_read={},
        created_at=_AT,
        age_band=case.age_band,
    )


def table(language: Language, llm: Llm) -> Iterator[str]:
    """Yield the lines of one language's Markdown table."""
    yield "| seen | template | wording of the micro model | check |"
    yield "|---|---|---|---|"
    for case in cases():
        draft = template(case, language)
        worded = reword(draft, case.findings, case.radiographs, llm, at=_AT).report
        accepted = worded.wording.source is DraftSource.LLM
        verdict = "accepted" if accepted else worded.wording.fallback_reason
        said = _cell(worded, measured=False) if accepted else "the template stands"
        seen = case.line.replace("_", " ").replace("|", "and")
        yield f"| {seen} | {_cell(draft, measured=True)} | {said} | {verdict} |"


def _cell(report: Report, *, measured: bool) -> str:
    findings = [s for s in report.findings if measured or s.rule_id != MEASUREMENT]
    lines = [f"**{_joined(report.impression)}**", _joined(findings)]
    if measured:
        lines.append(f"*{_joined(report.recommendation)}*")
    return "<br>".join(lines)


def _joined(sentences: Sequence[Sentence]) -> str:
    return " ".join(sentence.text for sentence in sentences)


def example(line: str, age_band: AgeBand = AgeBand.TWO_TO_TWELVE_WEEKS) -> Case:
    """Return the example of a line such as those of `CASES`; of an older child where it says so first."""
    full = line
    if line.startswith(_OLDER):
        line, age_band = line.removeprefix(_OLDER), AgeBand.OVER_SIX_MONTHS
    findings: list[Finding] = []
    radiographs: list[Radiograph] = []
    for number, part in enumerate(line.split("|"), start=1):
        view, *words = part.split()
        uid = f"1.2.3.{number}"
        radiographs.append(
            Radiograph(
                series_uid="1.2.3.9",
                instance_uid=uid,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
                rows=2048,
                columns=2048,
                view=_VIEWS[view],
            )
        )
        seen = _seen(words, uid)
        findings += [seen.get(label) or _finding(label, uid, Presence.ABSENT) for label in FindingLabel]
    return Case(full, findings, radiographs, age_band)


def _seen(words: Sequence[str], uid: str) -> dict[FindingLabel, Finding]:
    starts = [i for i, word in enumerate(words) if word in _SHORT] + [len(words)]
    seen = {}
    for start, end in pairwise(starts):
        name, band, region, *count = words[start:end]
        present = band != Presence.INDETERMINATE
        seen[_SHORT[name]] = _finding(
            _SHORT[name],
            uid,
            Presence.PRESENT if present else Presence.INDETERMINATE,
            certainty=Certainty(band) if present else Certainty.LOW,
            region=Region(region),
            count=int(count[0]) if count else 1,
        )
    return seen


def _finding(
    label: FindingLabel,
    uid: str,
    presence: Presence,
    *,
    certainty: Certainty = Certainty.HIGH,
    region: Region | None = None,
    count: int = 0,
) -> Finding:
    present = presence is Presence.PRESENT
    return Finding(
        id=f"{label.value}@{uid}",
        label=label,
        radiograph_uid=uid,
        presence=presence,
        certainty=certainty,
        probability=0.9 if present else 0.1,
        operating_point=0.5,
        region=region,
        area_px=40_000 if present else 0,
        area_mm2=1_440.0 if present else None,
        count=count if present else 0,
    )


def main(arguments: Sequence[str]) -> None:
    """Replace the examples in the file named."""
    file = Path(arguments[0])
    before, _, rest = file.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    lines: list[str] = []
    with serving() as url:
        for language, title in ((Language.ENGLISH, "English"), (Language.KOREAN, "Korean")):
            lines += [
                "",
                f"### {title}",
                "",
                *table(language, Llm(url, "kidray-writer-micro", timeout=PATIENCE)),
            ]
    file.write_text(before + BEGIN + "\n".join(lines) + "\n\n" + END + after, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
