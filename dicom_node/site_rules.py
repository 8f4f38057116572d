"""Decide what is for the model by the hospital's own rules first, and explain each decision. Pure.

What is not one original radiograph is never read. Then the first `[[rules]]` table whose every
condition is met decides; where none is, the built-in rules do. Like theirs, no reason here quotes
the header's free text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from pydicom import Dataset

from dicom_node.rules import (
    DEFAULT_MAX_AGE_YEARS,
    age_in_years,
    body_part_of,
    decide,
    descriptions,
    is_from_the_side,
    modality_of,
    why_unreadable,
)
from study.decision import Decision
from study.rule import Conditions, Rule
from study.unread import Unread, UnreadCode


class Asked(NamedTuple):
    """One rule that was asked on the way to a decision.

    Attributes
    ----------
    name
        The rule's name, or that of a built-in one.
    decides
        Whether it settled the matter.
    because
        What it saw, in words.
    """

    name: str
    decides: bool
    because: str


class Explanation(NamedTuple):
    """A decision, and every rule that was asked until it stood."""

    decision: Decision
    asked: list[Asked]


def decide_by(
    header: Dataset,
    rules: Sequence[Rule],
    *,
    calling_ae_title: str = "",
    max_age_years: int = DEFAULT_MAX_AGE_YEARS,
) -> Decision:
    """Return whether an instance is for the model; see `explain`."""
    return explain(header, rules, calling_ae_title=calling_ae_title, max_age_years=max_age_years).decision


def explain(
    header: Dataset,
    rules: Sequence[Rule],
    *,
    calling_ae_title: str = "",
    max_age_years: int = DEFAULT_MAX_AGE_YEARS,
) -> Explanation:
    """Return whether an instance is for the model, and how that came about.

    Parameters
    ----------
    header
        The instance's attributes; pixel data is not looked at.
    rules
        The hospital's, in order.
    calling_ae_title
        Who sent the study.
    max_age_years
        For the built-in rules: oldest age in completed years that still counts as a child.
    """
    unreadable = why_unreadable(header)
    if unreadable is not None:
        asked = [Asked("one original radiograph", True, unreadable.text)]
        return Explanation(Decision(False, unreadable), asked)
    asked = [Asked("one original radiograph", False, "it is one")]
    for rule in rules:
        unmet = why_unmet(rule, header, calling_ae_title)
        if unmet is not None:
            asked.append(Asked(rule.name, False, unmet))
            continue
        asked.append(Asked(rule.name, True, f"every condition is met: {rule.then}"))
        left_out = None if rule.then == "read" else Unread.of(UnreadCode.LEFT_OUT_BY_RULE, rule=rule.name)
        return Explanation(Decision(left_out is None, left_out), asked)
    decision = decide(header, max_age_years=max_age_years)
    asked.append(Asked("built-in rules", True, decision.reason or "a child's abdomen, frontal"))
    return Explanation(decision, asked)


def why_unmet(conditions: Conditions, header: Dataset, calling_ae_title: str) -> str | None:
    """Return why an instance does not meet conditions, the first reason; None where it meets them all."""
    return next(_unmet(conditions, header, calling_ae_title), None)


def _unmet(rule: Conditions, header: Dataset, calling_ae_title: str) -> Iterator[str]:
    """Yield, for each condition that is not met, why not."""
    if rule.calling_ae and not any(fnmatchcase(calling_ae_title.strip(), p) for p in rule.calling_ae):
        yield f"the sender is none of {_listed(rule.calling_ae)}"
    conditions: tuple[Callable[[Conditions, Dataset], str | None], ...] = (
        _unmet_modality,
        _unmet_body_part,
        _unmet_words,
        _unmet_view,
        _unmet_age,
    )
    for condition in conditions:
        why = condition(rule, header)
        if why is not None:
            yield why


def _unmet_modality(rule: Conditions, header: Dataset) -> str | None:
    if not rule.modality or modality_of(header) in {m.upper() for m in rule.modality}:
        return None
    return f"the modality is none of {_listed(rule.modality)}"


def _unmet_body_part(rule: Conditions, header: Dataset) -> str | None:
    if not rule.body_part:
        return None
    named = body_part_of(header)
    part, where = named if named is not None else ("UNKNOWN", "body part")
    return None if part in rule.body_part else f"{where} is {part}, none of {_listed(rule.body_part)}"


def _unmet_words(rule: Conditions, header: Dataset) -> str | None:
    if not rule.words:
        return None
    text = descriptions(header).casefold()
    if any(word.casefold() in text for word in rule.words):
        return None
    return f"no description holds {_listed(rule.words)}"


def _unmet_view(rule: Conditions, header: Dataset) -> str | None:
    view = "SIDE" if is_from_the_side(header) else "FRONTAL"
    return None if not rule.view or view in rule.view else f"the view is {view}"


def _unmet_age(rule: Conditions, header: Dataset) -> str | None:
    if rule.min_age_years is None and rule.max_age_years is None:
        return None
    age = age_in_years(header)
    if age is None:
        return "the patient's age is unknown"
    if rule.min_age_years is not None and int(age) < rule.min_age_years:
        return f"the patient is younger than {rule.min_age_years} years"
    if rule.max_age_years is not None and int(age) > rule.max_age_years:
        return f"the patient is older than {rule.max_age_years} years"
    return None


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values)
