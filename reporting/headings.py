"""What stands around a report's sentences where people read it: headings, and what a draft is marked by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from study.model import Addendum, Language, Report


class Headings(NamedTuple):
    """What stands around the sentences, in one language."""

    title: str
    draft: str  # what marks a report that carries no signature
    watermark: str
    addendum: str
    added: str
    patient: str
    birth_date: str
    study_date: str
    accession_number: str
    sections: Mapping[str, str]  # by the report's field, in their order
    signed: str


HEADINGS = {
    Language.ENGLISH: Headings(
        "Radiology report",
        "UNVERIFIED DRAFT: not signed by a radiologist",
        "DRAFT",
        "Addendum to the report signed as version {}",
        "Addendum by {} on {}",
        "Patient",
        "born",
        "Study of",
        "accession number",
        {
            "technique": "Technique",
            "comparison": "Comparison",
            "findings": "Findings",
            "impression": "Impression",
            "recommendation": "Recommendation",
            "communication": "Communication of critical results",
            "limitations": "Limitations",
        },
        "Signed by {} on {}",
    ),
    Language.KOREAN: Headings(
        "영상의학 판독 보고서",
        "검증되지 않은 초안: 영상의학과 의사가 서명하지 않음",
        "초안",
        "서명된 보고서(버전 {})에 대한 추가 보고",
        "추가 보고: {}, {}",
        "환자",
        "생년월일",
        "검사일",
        "접수 번호",
        {
            "technique": "검사 방법",
            "comparison": "비교",
            "findings": "소견",
            "impression": "결론",
            "recommendation": "권고",
            "communication": "위급 소견 전달",
            "limitations": "제한점",
        },
        "{} 서명, {}",
    ),
}


def sections(report: Report) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield the sections that say something: the report's field, the heading, the sentences."""
    for name, heading in HEADINGS[report.language].sections.items():
        said = getattr(report, name)
        texts = [said] if isinstance(said, str) else [sentence.text for sentence in said]
        if any(texts):
            yield name, heading, [text for text in texts if text]
    for addendum in report.addenda:
        yield "addenda", _added(addendum, report.language), [s.text for s in addendum.sentences]


def _added(addendum: Addendum, language: Language) -> str:
    signature = addendum.signature
    at = signature.signed_at.strftime("%Y-%m-%d %H:%M %Z").strip()
    return HEADINGS[language].added.format(person(signature.signer), at)


def report_text(report: Report) -> str:
    """Return a report as plain text: marked where it is a draft, with its sections and who signed it."""
    words = HEADINGS[report.language]
    blocks = [words.title if report.signature else f"{words.title}\n{words.draft}"]
    if report.addendum_to is not None:
        blocks.append(words.addendum.format(report.addendum_to))
    blocks += ["\n".join([heading, *texts]) for _, heading, texts in sections(report)]
    if report.signature is not None:
        at = report.signature.signed_at.strftime("%Y-%m-%d %H:%M %Z").strip()
        blocks.append(words.signed.format(person(report.signature.signer), at))
    return "\n\n".join([*blocks, report.disclaimer]) + "\n"


def person(name: str) -> str:
    """Return a DICOM name as it is read: components apart, representations one after the other."""
    return " / ".join(" ".join(filter(None, group.split("^"))) for group in name.split("=") if group)
