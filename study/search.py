"""Match data sets against a query's identifier; one code for C-FIND and QIDO-RS. Pure.

Implements attribute matching as PS3.4 section C.2.2.2 has it: single value, list of UID, universal,
wild card, range (dates, times, date-times) and sequence matching.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.multival import MultiValue

_WILD = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_RANGED = frozenset({"DA", "TM", "DT"})
# Neither is an attribute that an instance could be matched by.
_NOT_KEYS = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC"})


def matches(candidate: Dataset, identifier: Dataset) -> bool:
    """Return whether `candidate` satisfies every key of `identifier`.

    An empty key matches everything (universal matching). A key that the candidate lacks, or holds
    empty, is matched by an empty key only.
    """
    return all(_matches_key(candidate, key) for key in identifier if key.keyword not in _NOT_KEYS)


def is_empty(element: DataElement) -> bool:
    """Return whether an element holds no value."""
    return element.value is None or element.value == "" or (element.VR == "SQ" and not element.value)


def _matches_key(candidate: Dataset, key: DataElement) -> bool:
    if is_empty(key):
        return True
    if key.VR == "SQ":
        return _matches_sequence(candidate, key)
    wanted = _texts(key.value)
    if not wanted or wanted == ["*"]:
        return True
    held = _texts(candidate[key.tag].value) if key.tag in candidate else []
    test = _test_for(key.VR, tuple(wanted))
    return any(test(text) for text in held)


def _matches_sequence(candidate: Dataset, key: DataElement) -> bool:
    """Return whether any item of the candidate's sequence satisfies the key's only item (C.2.2.2.6)."""
    if not len(key.value[0]):
        return True
    items = candidate.get(key.tag)
    held: Sequence[Dataset] = items.value if items is not None else []
    if all(is_empty(part) for part in key.value[0]):
        return True
    return any(matches(item, key.value[0]) for item in held)


def _texts(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    values = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    return [str(v) for v in values if v is not None]


@lru_cache(maxsize=512)
def _test_for(vr: str, wanted: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what decides whether one held value is among those wanted."""
    if vr == "PN":
        return _any(tuple(_person_test(text) for text in wanted))
    if vr in _RANGED:
        return _any(tuple(_range_test(text, vr) for text in wanted))
    if vr in _WILD:
        return _any(tuple(_wildcard_test(text.strip()) for text in wanted))
    if vr in ("IS", "DS"):
        return _any(tuple(_number_test(text) for text in wanted))
    exact = {text.strip(" \0") for text in wanted}
    return lambda held: held.strip(" \0") in exact


def _any(tests: tuple[Callable[[str], bool], ...]) -> Callable[[str], bool]:
    return lambda held: any(test(held) for test in tests)


def _wildcard_test(pattern: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    """Return the test for ``*`` (any text) and ``?`` (any one character), PS3.4 section C.2.2.2.4."""
    regex = "".join(
        ".*" if char == "*" else "." if char == "?" else re.escape(char)
        for char in re.sub(r"\*+", "*", pattern)
    )
    compiled = re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    return lambda held: compiled.fullmatch(held.strip()) is not None


def _person_test(pattern: str) -> Callable[[str], bool]:
    """Return the test of a person's name: the whole, or any of its component groups, in any case.

    PS3.4 section C.2.2.2.1 leaves it to the implementation; trailing empty components do not count.
    """
    test = _wildcard_test(pattern.strip().rstrip("^="), ignore_case=True)

    def matches_name(held: str) -> bool:
        groups = [group.strip().rstrip("^") for group in held.split("=")]
        return test(held.strip().rstrip("^=")) or any(test(group) for group in groups if group)

    return matches_name


def _number_test(text: str) -> Callable[[str], bool]:
    try:
        number = float(text)
    except ValueError:
        return lambda held: held.strip() == text.strip()
    return lambda held: _number(held) == number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _range_test(text: str, vr: str) -> Callable[[str], bool]:
    """Return the test for ``A-B``, ``A-``, ``-B`` or ``A``; both ends belong to it (C.2.2.2.5).

    The end of a range counts whole: ``-2025`` as a date-time includes all of 2025.
    """
    low, dash, high = _range_ends(text.strip(), vr)
    if not dash:
        return lambda held: bool(low) and _plain(held, vr).startswith(low)
    return lambda held: (
        bool(held)
        and (not low or _plain(held, vr)[: len(low)] >= low)
        and (not high or _plain(held, vr)[: len(high)] <= high)
    )


def _range_ends(text: str, vr: str) -> tuple[str, str, str]:
    if vr == "DT":  # a time zone's minus sign is not a range's: it stands before exactly four digits
        text = re.sub(r"[+-]\d{4}(?=$|-)", "", text) if re.fullmatch(r"\d{8,}.*", text) else text
    low, dash, high = text.partition("-")
    return _plain(low, vr), dash, _plain(high, vr)


def _plain(text: str, vr: str) -> str:
    """Return a date, time or date-time as digits that sort in order."""
    text = text.strip()
    if vr == "DT":
        text = re.split(r"[+-]", text)[0]
    return re.sub(r"[.:]", "", text)
