"""Turn the parameters of a QIDO-RS request into a query (PS3.18 section 8.3.4). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from web_viewer.problems import BadRequestError

MAX_LIMIT = 5000
_RESERVED = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept", "charset"})


@dataclass(frozen=True)
class Query:
    """What to look for, and which part of what is found to return."""

    identifier: Dataset
    limit: int
    offset: int
    include_all: bool
    include: frozenset[BaseTag]


def parse_query(parameters: Iterable[tuple[str, str]]) -> Query:
    """Return the query that URL `parameters` state.

    Raises
    ------
    BadRequestError
        If a parameter is no attribute, or its value has not the form that it needs.
    """
    identifier = Dataset()
    include: set[BaseTag] = set()
    numbers = {"limit": MAX_LIMIT, "offset": 0}
    include_all = False
    for name, value in parameters:
        if name in numbers:
            numbers[name] = _whole_number(name, value)
        elif name == "includefield":
            fields = [f for f in value.split(",") if f]
            include_all = include_all or "all" in fields
            include |= {attribute_tag(f.split(".")[0]) for f in fields if f != "all"}
        elif name == "fuzzymatching":
            if value.lower() not in ("true", "false"):
                raise BadRequestError("fuzzymatching is either true or false")
        elif name not in _RESERVED:
            _add_key(identifier, name.split("."), value)
    limit = min(numbers["limit"], MAX_LIMIT)
    return Query(identifier, limit, numbers["offset"], include_all, frozenset(include))


def attribute_tag(name: str) -> BaseTag:
    """Return the tag that a keyword or eight hexadecimal digits name.

    Raises
    ------
    BadRequestError
        If it is neither.
    """
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        return Tag(int(name, 16))
    tag = tag_for_keyword(name)
    if tag is None:
        shown = name[:64].encode("ascii", "backslashreplace").decode()
        raise BadRequestError(f"'{shown}' is no attribute's keyword or tag")
    return Tag(tag)


def _add_key(identifier: Dataset, path: list[str], value: str) -> None:
    """Add a key, inside sequences where the name is a path such as ``Sequence.Attribute``."""
    tag = attribute_tag(path[0])
    vr = _vr(tag)
    if len(path) > 1:
        if vr != "SQ":
            raise BadRequestError(f"{keyword_for_tag(tag) or tag} is not a sequence")
        if tag not in identifier:
            identifier[tag] = DataElement(tag, "SQ", Sequence([Dataset()]))
        _add_key(identifier[tag].value[0], path[1:], value)
        return
    if vr == "SQ":
        if value:
            raise BadRequestError(f"{keyword_for_tag(tag)} is a sequence; name an attribute inside it")
        return
    identifier[tag] = DataElement(tag, _text_vr(vr), _value(vr, value), validation_mode=0)


def _vr(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:  # private, or newer than the dictionary
        return "LO"


def _text_vr(vr: str) -> str:
    """Return a VR whose values may hold wild cards and ranges; matching goes by the dictionary's VR."""
    return vr if vr in ("PN", "DA", "TM", "DT", "UI", "AE", "CS", "LO", "LT", "SH", "ST") else "LO"


def _value(vr: str, value: str) -> str | list[str]:
    if vr == "UI":  # a list of UIDs, by comma or backslash
        uids = [u for u in re.split(r"[,\\]", value) if u]
        if not all(re.fullmatch(r"[0-9.]{1,64}", uid) for uid in uids):
            raise BadRequestError("a UID holds digits and dots only")
        return uids if len(uids) > 1 else "".join(uids)
    if vr in ("DA", "TM", "DT") and not re.fullmatch(r"[0-9.:+-]*", value):
        raise BadRequestError("a date or time is digits, or a range of two with '-' between")
    if vr == "PN" and "," in value and "^" not in value:
        return value.replace(",", "^")
    return value


def _whole_number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadRequestError(f"{name} is a whole number")
    return int(value)
