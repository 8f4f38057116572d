"""Check what the negations of a sentence reach: every finding it names, each once. Pure.

A denying sentence is read from left to right. A negation that stands before ("no", "without") reaches
the findings after it, until a verb closes its reach; one that stands after ("is not seen", "없음") reaches
those that wait for one. At the end none may wait, and no verb may have asserted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reporting.lexicon import Mark
from study.model import Presence

Fault = tuple[str, str]
_LINKS = {"of", "for"}  # "no evidence, on either view, of ..."
_DENYING = {"or", "list"}  # "no A, B or C is seen" denies all; "no A and B is seen" may not


class _Token(NamedTuple):
    kind: str
    text: str
    value: str = ""


def check_negation(marks: Sequence[Mark], presence: Presence) -> Iterator[Fault]:
    """Yield the faults of a sentence whose findings are all `presence`."""
    negations = [mark for mark in marks if mark.kind == "negation"]
    if presence is not Presence.ABSENT:
        if negations:
            yield "negation", f"denies ('{negations[0].text}') what is {presence}"
        return
    if not negations:
        yield "negation", "does not deny what is absent"
        return
    if any(mark.kind == "term" for mark in marks):
        yield from (("negation", fault) for fault in _Reading(marks).faults())


class _Reading:
    """What is denied, as far as a sentence has been read."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._tokens = list(_tokens(marks))
        self._waiting = 0  # findings named that no negation has reached yet
        self._reach = False  # whether a negation reaches what comes next
        self._reached = 0  # findings since that negation
        self._joiner = ""  # what joined the last of them
        self._denied = False  # whether a negation that stands after has denied any

    def faults(self) -> Iterator[str]:
        place = 0
        while place < len(self._tokens):
            kind = self._tokens[place].kind
            after = self._verbs_end(place) if kind in ("after", "assertion") else place + 1
            if kind in ("after", "assertion"):
                yield from self._verbs(place, after)
            elif kind == "before":
                yield from self._before(place)
            elif kind == "term":
                yield from self._term()
            elif kind in ("comma", "colon"):
                yield from self._stop(place)
            elif kind == "semicolon":
                self._reach = False
            elif kind == "joiner":
                self._joiner = self._tokens[place].text
            elif kind in ("attribute", "frame"):
                yield from self._frame(place)
            place = after
        if self._waiting:
            yield "the last finding stands outside the negation"
        if self._reach and not self._reached:
            yield "denies what no fact holds"

    def _term(self) -> Iterator[str]:
        if self._reach:
            self._reached += 1
        else:
            self._waiting += 1
        return iter(())

    def _before(self, place: int) -> Iterator[str]:
        if self._waiting:
            if self._kind(place - 1) == "colon" and not self._terms_after(place):
                self._waiting = 0  # "pneumoperitoneum: no evidence"
                return
            yield "the first finding stands outside the negation"
        if self._reach and not self._reached:
            yield "denies twice"
        self._reach, self._reached, self._joiner = True, 0, ""

    def _verbs_end(self, place: int) -> int:
        while self._kind(place) in ("after", "assertion"):
            place += 1
        return place

    def _verbs(self, place: int, after: int) -> Iterator[str]:
        run = self._tokens[place:after]
        if run[0].text == "absent" and self._kind(after) == "term" and self._opens(place):
            yield from self._before(place)  # "absent free gas"
            return
        denials = sum(token.kind == "after" for token in run)
        if denials > 1:
            yield "denies twice"
        if denials:
            yield from self._denied_after(after)
        elif self._kind(after) == "before":
            return  # "there is no", "the radiograph shows no"
        elif self._waiting or not self._reach:
            yield f"'{run[0].text}' asserts in a sentence that denies"
        elif not self._reached:
            if self._kind(after) not in ("term", "link", "frame"):  # "no evidence is seen of"
                yield f"'{run[0].text}' asserts in a sentence that denies"
        elif self._reached > 1 and self._joiner not in _DENYING:
            yield f"'{run[0].text}' asserts in a sentence that denies"
        else:
            self._reach = False

    def _leads_a_list(self, after: int) -> bool:
        """Return whether what is denied follows the verb: "not seen: A or B", "negative ... for A"."""
        negative = self._tokens[after - 1].text in ("negative", "neg")
        return self._kind(after) == "colon" or (negative and self._kind(after) == "link")

    def _opens(self, place: int) -> bool:
        return self._kind(place - 1) in ("", "comma", "semicolon", "joiner")

    def _denied_after(self, after: int) -> Iterator[str]:
        if self._waiting:
            self._waiting, self._denied = 0, True
        elif self._reach:
            yield "denies twice"
        elif self._leads_a_list(after):
            self._reach, self._reached, self._joiner = True, 0, ""
            return
        elif self._denied and not self._terms_after(after):
            return  # "not seen on the first film, not seen on the second"
        else:
            yield "the first finding stands outside the negation"
        self._reach = False

    def _stop(self, place: int) -> Iterator[str]:
        """Let a comma or colon part a negation from what it denies only as one of a pair."""
        if not self._reach or self._reached or self._kind(place - 1) in ("after", "assertion"):
            return
        rest = [token.kind for token in self._tokens[place + 1 :]]
        opens = rest[:2] == ["comma", "link"]
        closes = self._kind(place - 1) == "comma" and self._kind(place + 1) == "link"
        if not (opens or closes):
            yield "a comma parts the negation from what it denies"

    def _frame(self, place: int) -> Iterator[str]:
        """Demand that what asserts within a noun be denied with it: "A가 의심되는 소견은 없음"."""
        kinds = [token.kind for token in self._tokens[place + 1 :]]
        if self._tokens[place].kind == "attribute" or self._waiting:
            if self._waiting and (not kinds or self._parted(place)):
                yield f"'{self._tokens[place].text}' asserts in a sentence that denies"
        elif not self._reach and kinds.count("term") > 1 and "joiner" not in kinds:
            yield f"'{self._tokens[place].text}' asserts in a sentence that denies"

    def _parted(self, place: int) -> bool:
        """Return whether another finding's name stands between an attribute and what denies its noun."""
        named = next(token.value for token in reversed(self._tokens[:place]) if token.kind == "term")
        for token in self._tokens[place + 1 :]:
            if token.kind in ("after", "joiner") or (token.kind == "term" and token.value == named):
                return False  # "팽창된 위를 보이는 유문 협착 양상은 없음" names one finding twice
            if token.kind == "term":
                return True
        return False

    def _terms_after(self, place: int) -> bool:
        return any(token.kind == "term" for token in self._tokens[place:])

    def _kind(self, place: int) -> str:
        return self._tokens[place].kind if 0 <= place < len(self._tokens) else ""


def _tokens(marks: Sequence[Mark]) -> Iterator[_Token]:
    """Yield what matters to a negation: the rest of the words is left out."""
    for mark in marks:
        if mark.kind == "negation":
            yield _Token(mark.value, mark.text)
        elif mark.kind == "joiner":
            yield _Token("joiner", mark.value)
        elif mark.trait == "supposed":
            yield _Token("assertion", mark.text)
        elif mark.kind in ("term", "assertion", "attribute", "comma", "colon", "semicolon"):
            yield _Token(mark.kind, mark.text, mark.value)
        elif mark.trait == "frame":
            yield _Token("frame", mark.text)
        elif mark.text in _LINKS:
            yield _Token("link", mark.text)
