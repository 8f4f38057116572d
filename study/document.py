"""A report as a file of one form: what rooms that may not know each other hand over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

DocumentForm = Literal["pdf", "fhir", "fhir-r4", "hl7", "json", "text"]
FORMS: tuple[DocumentForm, ...] = get_args(DocumentForm)


class Document(NamedTuple):
    """A file of a report.

    Attributes
    ----------
    media_type
        As HTTP names it.
    suffix
        Of its file name, with the dot.
    content
        Its bytes.
    """

    media_type: str
    suffix: str
    content: bytes


# Makes the newest version of a study's report, by Study Instance UID.
Export = Callable[[str, DocumentForm], Document]
