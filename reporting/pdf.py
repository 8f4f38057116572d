"""Render a report as PDF, for people whose PACS shows no structured report.

Latin text is in Helvetica, Korean in the viewer's own gothic (a standard CID font): no font is embedded.
The same report always gives the same bytes. What nobody signed says so on every page, across it too.
"""

from __future__ import annotations

from functools import cache, partial
from io import BytesIO
from xml.sax.saxutils import escape

from pydicom import Dataset
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from reporting.headings import HEADINGS, Headings, person, sections
from study.model import Report

_KOREAN = "HYGothic-Medium"
_LATIN = "Helvetica"
_FOOTER_SIZE = 8  # points
_WATERMARK_SIZE = 110  # points
_WATERMARK_GREY = 0.9  # 0 is black, 1 white: text over it stays legible


def report_pdf(report: Report, header: Dataset) -> bytes:
    """Return a report as PDF 1.4 on A4.

    Parameters
    ----------
    report
        The version; one that carries no signature is marked as an unverified draft on every page.
    header
        Patient and study, as `study.result_header.result_header` returns them.
    """
    words = HEADINGS[report.language]
    draft = report.signature is None
    story = [_line(words.title, 16), *([_line(words.draft, 12)] if draft else [])]
    story += [*_identity(report, header, words), Spacer(0, 4 * mm)]
    for _, heading, sentences in sections(report):
        story += [_line(heading, 11), *(_line(text, 10, indent=4 * mm) for text in sentences)]
        story.append(Spacer(0, 2 * mm))
    if report.signature is not None:
        at = report.signature.signed_at.strftime("%Y-%m-%d %H:%M %Z").strip()
        story.append(_line(words.signed.format(person(report.signature.signer), at), 11))
    written = BytesIO()
    foot = f"{words.draft} | {report.disclaimer}" if draft else report.disclaimer
    page = partial(_page, footer=foot, watermark=words.watermark if draft else "")
    document = SimpleDocTemplate(
        written, pagesize=A4, title=words.title, author="Kidray", invariant=1, pageCompression=0
    )
    document.build(story, onFirstPage=page, onLaterPages=page)
    return written.getvalue()


def _identity(report: Report, header: Dataset, words: Headings) -> list[Paragraph]:
    patient = f"{person(str(header.PatientName or ''))} ({header.PatientID or ''})"
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


def _page(canvas: Canvas, _document: object, *, footer: str, watermark: str) -> None:
    """Draw what stands on every page: the watermark below the text, the footer under it."""
    if watermark:
        canvas.saveState()
        canvas.setFont(_font(watermark), _WATERMARK_SIZE)
        canvas.setFillGray(_WATERMARK_GREY)
        canvas.translate(A4[0] / 2, A4[1] / 2)
        canvas.rotate(52)
        canvas.drawCentredString(0, -_WATERMARK_SIZE / 3, watermark)
        canvas.restoreState()
    canvas.setFont(_font(footer), _FOOTER_SIZE)
    canvas.drawString(20 * mm, 12 * mm, footer)


def _font(text: str) -> str:
    """Return the font that has every character of `text`."""
    return _LATIN if text.isascii() else _korean()


@cache
def _korean() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(_KOREAN))
    return _KOREAN
