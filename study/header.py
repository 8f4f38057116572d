"""What the node has to know of an encoded data set: a few values, read without a general parser. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydicom import Dataset
from pydicom.charset import convert_encodings
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import UID

from study.limits import Value
from study.malformed import MALFORMED

IDENTITY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_OF_THE_IMAGE = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "SamplesPerPixel",
    "NumberOfFrames",
    "PhotometricInterpretation",
)
_SHOWN = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "AccessionNumber",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "BodyPartExamined",
    "Modality",
)
_TAGS = {
    keyword: int(tag_for_keyword(keyword) or 0)
    for keyword in (*IDENTITY, *_OF_THE_IMAGE, *_SHOWN, "Manufacturer")
}
WANTED = frozenset(_TAGS.values())
_TEXT = frozenset({b"IS", b"DS"})  # numbers in words
_IN_TEXT = frozenset({"NumberOfFrames"})


_NOT_PLAIN = frozenset(b"\\\x1b")  # several values; another character set


class Header:
    """The values of `WANTED` that a data set has.

    Parameters
    ----------
    values
        By tag, as they are encoded.
    syntax
        The transfer syntax of the data set.
    """

    def __init__(self, values: Mapping[int, Value], syntax: UID) -> None:
        self._values = values
        self._syntax = syntax
        self._decoded: Dataset | None = None
        self.SOPClassUID, self.SOPInstanceUID, self.StudyInstanceUID, self.SeriesInstanceUID = map(
            self.text, IDENTITY
        )

    def missing(self) -> str | None:
        """Return an element that every instance has and this one lacks; None where it lacks none."""
        return next((keyword for keyword in IDENTITY if not getattr(self, keyword)), None)

    def has(self, keyword: str) -> bool:
        """Return whether the data set has the element, be it empty."""
        return _TAGS[keyword] in self._values

    def text(self, keyword: str) -> str:
        """Return the value of an element without its padding; beyond ASCII its characters are wrong."""
        value = self._values.get(_TAGS[keyword])
        return value.encoded.decode("latin-1").rstrip("\0 ") if value is not None else ""

    def number(self, keyword: str, *, default: int | None = None) -> int:
        """Return the value of an element that is one number, of VR US or IS (PS3.5 section 6.2).

        Raises
        ------
        ValueError
            If it is none; where it is empty or absent, only without a `default`.
        """
        value = self._values.get(_TAGS[keyword])
        is_text = keyword in _IN_TEXT if value is None or value.vr is None else value.vr in _TEXT
        encoded = b"" if value is None else value.encoded
        if is_text:
            encoded = encoded.strip(b"\0 ")
        if not encoded:
            if default is None:
                raise ValueError(f"{keyword} is empty")
            return default
        if is_text:
            number = int(encoded)
        elif len(encoded) == 2:
            number = int.from_bytes(encoded, "little" if self._syntax.is_little_endian else "big")
        else:
            raise ValueError(f"{keyword} is not one number")
        return number or default or 0

    def words(self, keyword: str) -> str:
        """Return the value of an element of text, in its character set; empty where it cannot be read.

        Most values are of ASCII, and mean the same in every character set of the standard.
        """
        value = self._values.get(_TAGS[keyword])
        if value is None:
            return ""
        if value.encoded.isascii() and not _NOT_PLAIN.intersection(value.encoded):
            return value.encoded.decode("ascii").rstrip("\0 ")
        if self._decoded is None:
            self._decoded = self._decode()
        try:
            decoded = self._decoded.get(keyword)
        except MALFORMED:
            return ""
        return "" if decoded is None else str(decoded)

    def _decode(self) -> Dataset:
        """Return the elements as pydicom decodes them, each when it is asked for."""
        dataset = Dataset()
        for tag, (vr, encoded) in self._values.items():
            dataset[Tag(tag)] = RawDataElement(
                Tag(tag),
                vr.decode("latin-1") if vr is not None else None,
                len(encoded),
                encoded,
                0,
                self._syntax.is_implicit_VR,
                self._syntax.is_little_endian,
            )
        dataset.set_original_encoding(
            self._syntax.is_implicit_VR,
            self._syntax.is_little_endian,
            self._encodings(),
        )
        return dataset

    def _encodings(self) -> list[str]:
        try:
            return list(convert_encodings(self.text("SpecificCharacterSet").split("\\")))
        except MALFORMED:
            return ["iso8859"]
