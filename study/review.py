"""What a report's editor asks of the room that words reports; the roles bring both together."""

from __future__ import annotations

from typing import Protocol

from study.model import Check, Language, Observation, Report, StudyRecord


class Review(Protocol):
    """Looks at a reader's words and verdicts; it advises, and refuses nothing."""

    def objections(self, record: StudyRecord, report: Report) -> list[Check]:
        """Return where the sentences of `report` are at odds with what the study's findings are."""
        ...

    def without_rejected(self, record: StudyRecord) -> Report | None:
        """Return the newest version without what the reader rejected, and with numbers as they are now.

        None before there is a draft.
        """
        ...

    def in_language(self, record: StudyRecord, language: Language) -> Report | None:
        """Return the newest version in `language`, its reader's own words as they are; None where none is."""
        ...

    def outdated(self, record: StudyRecord, report: Report) -> list[Check]:
        """Return the sentences of `report` that are older than what a reader drew or stated."""
        ...

    def measured_now(self, record: StudyRecord, report: Report) -> list[Observation]:
        """Return what `report` rests on as it is measured now, except what its words hold otherwise."""
        ...
