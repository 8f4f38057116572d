"""An instance's header behind the fence: read by a child, handed over short enough to harm nobody.

The child reads what a stranger wrote, and writes it anew without what is long: bulk data, sequences of
thousands of items. Whoever asked parses a megabyte at most, of elements that were counted before.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import UID

from study.errors import ArchiveError, NotDicomError
from study.fenced import Answer
from study.inspection import MALFORMED, file_meta
from study.limits import Limits, check_limits

LONGEST_ELEMENT = 64 << 10  # bytes; what decides about a radiograph, or shows it, is shorter
LONGEST_HEADER = 1 << 20
_LIMITS = Limits(elements=50_000, depth=32, list_bytes=LONGEST_ELEMENT, total_bytes=LONGEST_HEADER)


def file_header(path: Path) -> pydicom.Dataset:
    """Return the header of a Part 10 file, read in this process.

    Raises
    ------
    NotInArchiveError, ArchiveError
        If it is not there, or the machine cannot read it.
    NotDicomError
        If it is no such file.
    """
    return as_header(short_header(path))


def short_header(path: Path) -> Answer:
    """Return the elements of a Part 10 file before its pixel data, for `as_header`.

    Elements over `LONGEST_ELEMENT` are left out, and private ones where all is over `LONGEST_HEADER`.
    """
    try:
        with path.open("rb") as file:
            header = pydicom.dcmread(file, stop_before_pixels=True)
    except FileNotFoundError:
        raise
    except InvalidDicomError as error:
        raise NotDicomError(f"instance {path.stem} is not a Part 10 file") from error
    except OSError as error:
        raise ArchiveError(f"instance {path.stem} cannot be read: {error.strerror}") from error
    syntax = UID(header.file_meta.TransferSyntaxUID)
    elements = _encoded(header, syntax)
    if sum(map(len, elements.values())) > LONGEST_HEADER:
        elements = {tag: element for tag, element in elements.items() if not tag.is_private}
    body = b"".join(elements.values())
    if len(body) > LONGEST_HEADER:
        raise NotDicomError(f"its header is over {LONGEST_HEADER} bytes without its longest elements")
    named = {"sop_class_uid": str(header.get("SOPClassUID", "")), "instance_uid": path.stem}
    return Answer({"transfer_syntax_uid": syntax, **named}, body)


def as_header(answer: Answer) -> pydicom.Dataset:
    """Return the header of an answer of `short_header`.

    Raises
    ------
    NotDicomError
        If it is not as short and as flat as promised, or makes no sense.
    """
    said = answer.description
    syntax, body = UID(said["transfer_syntax_uid"]), bytes(answer.body)
    check_limits(body, syntax, _LIMITS)
    try:
        return pydicom.dcmread(BytesIO(file_meta(said["sop_class_uid"], said["instance_uid"], syntax) + body))
    except MALFORMED as error:
        raise NotDicomError(f"its header cannot be read: {type(error).__name__}") from error


def _encoded(header: pydicom.Dataset, syntax: UID) -> dict[pydicom.tag.BaseTag, bytes]:
    """Return each element as it is encoded, without the long ones; malformed private ones are left out."""
    elements = {}
    said = header.original_character_set
    encodings = said if isinstance(said, str) else list(said)
    for tag in sorted(header.keys()):
        if tag.element == 0:  # group lengths, retired
            continue
        item = header.get_item(tag)
        buffer = DicomBytesIO()
        buffer.is_implicit_VR, buffer.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
        try:
            write_data_element(buffer, item, encodings)
        except MALFORMED:
            if not tag.is_private:
                raise
            continue
        if buffer.tell() <= LONGEST_ELEMENT:
            elements[tag] = buffer.getvalue()
    return elements
