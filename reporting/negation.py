"""Check what the negations of a sentence reach: every finding it names, each once. Pure.

A denying sentence is read from left to right. A negation that stands before ("no", "without") reaches
the findings after it, until a verb closes its reach; one that stands after ("is not seen", "없음") reaches
those that wait for one. At the end none may wait, and no verb may have asserted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reporting.lexicon import Mark
from study.model import Language, Presence

Fault = tuple[str, str]
_LINKS = {"of", "for"}  # "no evidence, on either view, of ..."
_DENYING = {"or", "list"}  # "no A, B or C is seen" denies all; "no A and B is seen" may not


class _Token(NamedTuple):
    kind: str
    text: str
    value: str = ""


def check_negation(marks: Sequence[Mark], presence: Presence, language: Language) -> Iterator[Fault]:
    """Yield the faults of a sentence whose findings are all `presence`."""
    negations = [mark for mark in marks if mark.kind == "negation" and mark.value != "likewise"]
    if presence is not Presence.ABSENT:
        if negations:
            yield "negation", f"denies ('{negations[0].text}') what is {presence}"
        return
    if not negations:
        yield "negation", "does not deny what is absent"
        return
    if any(mark.kind == "term" for mark in marks):
        yield from (("negation", fault) for fault in _Reading(marks, language).faults())


class _Reading:
    """What is denied, as far as a sentence has been read."""

    def __init__(self, marks: Sequence[Mark], language: Language) -> None:
        self._tokens = list(_tokens(marks))
        self._lists_need_joiners = language is Language.ENGLISH  # Korean ends a list by a particle
        self._waiting: list[str] = []  # findings named that no negation has reached yet
        self._alone = False  # whether the negation reaches one finding only ("absent free gas")
        self._reach = False  # whether a negation reaches what comes next
        self._reached = 0  # findings since that negation
        self._joiner = ""  # what joined the last of them
        self._stops: list[str] = []  # commas and colons since the last finding that waits
        self._denied = False  # whether a negation that stands after has denied any

    def faults(self) -> Iterator[str]:
        place = 0
        while place < len(self._tokens):
            kind = self._tokens[place].kind
            after = self._verbs_end(place) if kind in ("after", "assertion") else place + 1
            if kind in ("after", "assertion"):
                yield from self._verbs(place, after)
            elif kind in ("before", "likewise"):
                yield from self._before(place)
            elif kind == "term":
                yield from self._term(place)
            elif kind in ("comma", "colon"):
                self._stops.append(kind)
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

    def _term(self, place: int) -> Iterator[str]:
        if self._reach and not (self._alone and self._reached):
            self._reached += 1
            return
        if not self._waiting:
            self._joiner = ""
        elif self._stops[-1:] == ["colon"] and "every" not in self._waiting:
            yield "a colon parts one finding from another"
        self._waiting.append(self._tokens[place].value)
        self._stops.clear()

    def _before(self, place: int) -> Iterator[str]:
        if self._waiting:
            if self._kind(place - 1) == "colon" and not self._terms_after(place):
                self._waiting.clear()  # "pneumoperitoneum: no evidence"
                return
            yield "the first finding stands outside the negation"
        if self._reach and not self._reached:
            yield "denies twice"
        if self._tokens[place].kind == "likewise" and not self._denied:
            yield "the first finding stands outside the negation"
        self._reach, self._reached, self._joiner, self._alone = True, 0, "", False

    def _verbs_end(self, place: int) -> int:
        while self._kind(place) in ("after", "assertion"):
            place += 1
        return place

    def _verbs(self, place: int, after: int) -> Iterator[str]:
        run = self._tokens[place:after]
        if (
            len(run) == 1
            and run[0].text in ("absent", "nil")
            and self._kind(after) == "term"
            and self._opens(place)
        ):
            yield from self._before(place)  # "absent free gas"
            self._alone = True
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

    def _begins_anew(self, after: int) -> bool:
        """Return whether the last finding before `after` begins a clause: "no A, and B is not seen"."""
        last = max((at for at in range(after) if self._kind(at) == "term"), default=0)
        parting = [(token.kind, token.text) for token in self._tokens[max(last - 2, 0) : last]]
        return self._reached == 2 and parting == [("comma", ","), ("joiner", "and")]

    def _leads_a_list(self, after: int) -> bool:
        """Return whether what is denied follows the verb: "not seen: A or B", "negative ... for A"."""
        negative = self._tokens[after - 1].text in ("negative", "neg")
        follows = self._kind(after)
        first = self._tokens[0].text == "absent" and follows == "term"  # "absent are A and B"
        return follows == "colon" or (negative and follows == "link") or first

    def _opens(self, place: int) -> bool:
        return self._kind(place - 1) in ("", "comma", "semicolon", "joiner")

    def _denied_after(self, after: int) -> Iterator[str]:
        if self._waiting:
            if self._lists_need_joiners and self._bare_list(after):
                yield "a comma parts the negation from what it denies"
            self._waiting.clear()
            self._denied = True
        elif self._reach and not self._begins_anew(after):
            yield "denies twice"
        elif self._reach:
            pass  # "no free gas, and faecal loading is not seen"
        elif self._leads_a_list(after):
            self._reach, self._reached, self._joiner = True, 0, ""
            return
        elif self._denied and not self._terms_after(after):
            return  # "not seen on the first film, not seen on the second"
        else:
            yield "the first finding stands outside the negation"
        self._reach = False

    def _bare_list(self, after: int) -> bool:
        """Return whether the findings that wait are joined by commas alone: "A, B is not seen"."""
        return len(set(self._waiting)) > 1 and not self._joiner and self._stops[-1:] != ["colon"]

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
        elif not self._reach and kinds.count("term") > 1:
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
        elif mark.trait in ("supposed", "copula") or mark.kind == "opinion":
            yield _Token("assertion", mark.text)
        elif mark.trait == "attribute":
            yield _Token("attribute", mark.text)
        elif mark.kind in ("term", "assertion", "attribute", "comma", "colon", "semicolon"):
            yield _Token(mark.kind, mark.text, mark.value)
        elif mark.trait == "frame":
            yield _Token("frame", mark.text)
        elif mark.text in _LINKS:
            yield _Token("link", mark.text)
