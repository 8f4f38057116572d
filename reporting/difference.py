"""Tell what a radiologist made of a machine's draft before signing it, from the study's events alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from difflib import SequenceMatcher
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from study.archive import Archive
from study.history import Drafted, Event, Segmented, Signed, fold
from study.model import Assessment, DraftSource, Finding, Frozen, Report, Sentence

SECTIONS = ("findings", "impression", "recommendation")


class SignedDraft(NamedTuple):
    """A signed report beside the machine's last draft of it.

    Attributes
    ----------
    draft
        The last version that no radiologist had touched.
    signed
        What was signed.
    drafted_at
        When the first draft of that revision could be read.
    findings
        What both rest on.
    assessments
        The reader's last verdict on each finding, by `Finding.id`.
    """

    draft: Report
    signed: Report
    drafted_at: datetime
    findings: list[Finding]
    assessments: dict[str, Assessment]


class SectionChange(Frozen):
    """How one section of a draft differs from what was signed."""

    characters: int  # Levenshtein distance
    of: int  # characters of the longer of both
    kept: int  # sentences that stand unchanged
    changed: int  # sentences that were reworded in their place
    added: int
    removed: int

    @property
    def share(self) -> float:
        """The distance as a share of the longer text, 0 to 1."""
        return self.characters / self.of if self.of else 0.0


def read_signed_drafts(
    archive: Archive, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[SignedDraft]:
    """Yield every signed report that the archive holds beside its draft, study by study.

    Parameters
    ----------
    archive
        Whose events are read.
    since, until
        Only what was signed from `since` on and before `until`; UTC where they name no zone.
    """
    begin, end = _zoned(since), _zoned(until)
    for study_uid in archive.studies():
        for pair in signed_drafts(study_uid, archive.events(study_uid)):
            signature = pair.signed.signature
            if signature is None:
                continue
            at = signature.signed_at
            if (begin is None or at >= begin) and (end is None or at < end):
                yield pair


def _zoned(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=timezone.utc) if at is not None and at.tzinfo is None else at


def signed_drafts(study_uid: str, events: Sequence[Event]) -> Iterator[SignedDraft]:
    """Yield every signed report of a study beside its draft, oldest first.

    A report that was signed without a machine's draft in its history (an addendum in a reader's own
    words) is left out: nothing was drafted that it could differ from.

    Parameters
    ----------
    study_uid
        The study.
    events
        All its events, in order.
    """
    told: set[int] = set()
    for number, event in enumerate(events, start=1):
        if not isinstance(event, Signed) or event.report.version in told:
            continue  # older archives hold a signature twice
        told.add(event.report.version)
        pair = _signed_draft(study_uid, events[:number], event)
        if pair is not None:
            yield pair


def _signed_draft(study_uid: str, events: Sequence[Event], signed: Signed) -> SignedDraft | None:
    drafted = [e for e in _since_last_signature(events[:-1]) if isinstance(e, Drafted)]
    by_machine = [e for e in drafted if e.report.wording.source is not DraftSource.RADIOLOGIST]
    record = fold(study_uid, events)
    if not by_machine or record is None:
        return None
    newest = by_machine[-1].report
    first = next(e for e in by_machine if e.report.revision == newest.revision)
    return SignedDraft(newest, signed.report, first.at, record.findings, record.assessments)


def _since_last_signature(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events after the last signature, or after the last segmentation where that is later."""
    for place in range(len(events) - 1, -1, -1):
        if isinstance(events[place], Signed | Segmented):
            return events[place + 1 :]
    return events


def changes(draft: Report, signed: Report) -> dict[str, SectionChange]:
    """Return how each section that can be edited differs, by the section's name."""
    return {name: section_change(getattr(draft, name), getattr(signed, name)) for name in SECTIONS}


def section_change(before: Sequence[Sentence], after: Sequence[Sentence]) -> SectionChange:
    """Return how `before` became `after`."""
    one, two = [s.text.strip() for s in before], [s.text.strip() for s in after]
    kept = changed = added = removed = 0
    for _, start, end, begin, stop in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        gone, come = end - start, stop - begin
        if one[start:end] == two[begin:stop]:
            kept += gone
            continue
        changed += min(gone, come)
        removed += max(gone - come, 0)
        added += max(come - gone, 0)
    left, right = "\n".join(one), "\n".join(two)
    return SectionChange(
        characters=Levenshtein.distance(left, right),
        of=max(len(left), len(right)),
        kept=kept,
        changed=changed,
        added=added,
        removed=removed,
    )
