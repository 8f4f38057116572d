"""Keep the findings of one sentence apart: none shows, makes or is another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reporting.lexicon import Mark
from study.model import Presence


def check_relations(marks: Sequence[Mark], presence: Presence) -> Iterator[tuple[str, str]]:
    """Refuse a sentence that says of one finding that it shows, makes or is another."""
    named = [place for place, mark in enumerate(marks) if mark.kind == "term"]
    for one, two in pairwise(named):
        between = marks[one + 1 : two]
        if marks[one].value == marks[two].value:
            continue
        brackets = [mark.text for mark in between if mark.kind == "bracket"]
        if brackets[-1:] == ["("]:
            yield "finding", f"a bracket calls {marks[one].value} {marks[two].value}"
        if presence is Presence.ABSENT:
            continue
        parting = [place for place, mark in enumerate(between) if _parts(mark)]
        if not parting or any(m.kind == "assertion" or m.trait == "frame" for m in between[parting[-1] :]):
            yield "finding", f"makes {marks[two].value} of {marks[one].value}"


def _parts(mark: Mark) -> bool:
    """Return whether a mark joins two findings without saying that the one is or makes the other."""
    return mark.kind in ("joiner", "comma", "semicolon") or mark.text == "with" or mark.text[-1:] in "고며"


def parted(marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
    """Yield the parts of a sentence that name one finding each, parted by the last joiner or stop."""
    named = [place for place, mark in enumerate(marks) if mark.kind == "term"]
    begin = 0
    for one, two in pairwise(named):
        if marks[one].value == marks[two].value:
            continue
        places = [at for at in range(one + 1, two) if marks[at].text != "with" and _parts(marks[at])]
        if not places:
            return
        yield marks[begin : places[-1] + 1]
        begin = places[-1] + 1
    yield marks[begin:]
