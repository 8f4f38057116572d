"""Render a signed report as PDF, for people whose PACS shows no structured report.

Latin text is in Helvetica, Korean in the viewer's own gothic (a standard CID font): no font is embedded.
The same report always gives the same bytes.
"""

from __future__ import annotations

from functools import cache, partial
from io import BytesIO
from typing import NamedTuple
from xml.sax.saxutils import escape

from pydicom import Dataset
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from study.model import Language, Report

_KOREAN = "HYGothic-Medium"
_LATIN = "Helvetica"
_FOOTER_SIZE = 8  # points


class _Words(NamedTuple):
    """What stands around the sentences."""

    title: str
    addendum: str
    patient: str
    birth_date: str
    study_date: str
    accession_number: str
    sections: dict[str, str]  # by the report's field, in their order
    signed: str


_WORDS = {
    Language.ENGLISH: _Words(
        "Radiology report",
        "Addendum to the report signed as version {}",
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
            "limitations": "Limitations",
        },
        "Signed by {} on {}",
    ),
    Language.KOREAN: _Words(
        "영상의학 판독 보고서",
        "서명된 보고서(버전 {})에 대한 추가 보고",
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
            "limitations": "제한점",
        },
        "{} 서명, {}",
    ),
}


def report_pdf(report: Report, header: Dataset) -> bytes:
    """Return a signed report as PDF 1.4 on A4.

    Parameters
    ----------
    report
        The version; one that carries no signature says nothing of one.
    header
        Patient and study, as `study.result_header.result_header` returns them.
    """
    words = _WORDS[report.language]
    story = [_line(words.title, 16), *_identity(report, header, words), Spacer(0, 4 * mm)]
    for name, heading in words.sections.items():
        sentences = [report.comparison] if name == "comparison" else [s.text for s in getattr(report, name)]
        if any(sentences):
            story += [_line(heading, 11), *(_line(text, 10, indent=4 * mm) for text in sentences if text)]
            story.append(Spacer(0, 2 * mm))
    if report.signature is not None:
        at = report.signature.signed_at.strftime("%Y-%m-%d %H:%M %Z").strip()
        story.append(_line(words.signed.format(_name(report.signature.signer), at), 11))
    written = BytesIO()
    footer = partial(_footer, text=report.disclaimer)
    document = SimpleDocTemplate(
        written, pagesize=A4, title=words.title, author="Kidray", invariant=1, pageCompression=0
    )
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return written.getvalue()


def _identity(report: Report, header: Dataset, words: _Words) -> list[Paragraph]:
    patient = f"{_name(str(header.PatientName or ''))} ({header.PatientID or ''})"
    birth = (
        f", {words.birth_date} {_date(str(header.PatientBirthDate or ''))}" if header.PatientBirthDate else ""
    )
    number = f", {words.accession_number} {header.AccessionNumber}" if header.AccessionNumber else ""
    lines = [
        f"{words.patient}: {patient}{birth}",
        f"{words.study_date} {_date(str(header.StudyDate or ''))}{number}",
    ]
    if report.addendum_to is not None:
        lines.append(words.addendum.format(report.addendum_to))
    return [_line(text, 10) for text in lines]


def _name(person: str) -> str:
    """Return a person's name as it is read: components apart, representations one after the other."""
    return " / ".join(" ".join(filter(None, group.split("^"))) for group in person.split("=") if group)


def _date(value: str) -> str:
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 else value


def _line(text: str, size: int, *, indent: float = 0) -> Paragraph:
    font = _font(text)
    style = ParagraphStyle(
        f"{font}{size}",
        fontName=font,
        fontSize=size,
        leading=1.4 * size,
        leftIndent=indent,
        spaceAfter=size / 4,
        wordWrap="CJK" if font == _KOREAN else None,
    )
    return Paragraph(escape(text), style)


def _footer(canvas: Canvas, _document: object, *, text: str) -> None:
    canvas.setFont(_font(text), _FOOTER_SIZE)
    canvas.drawString(20 * mm, 12 * mm, text)


def _font(text: str) -> str:
    """Return the font that has every character of `text`."""
    return _LATIN if text.isascii() else _korean()


@cache
def _korean() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(_KOREAN))
    return _KOREAN
