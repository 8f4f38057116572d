"""A report version together with the study as it stood then: what every message and file is made from."""

from __future__ import annotations

from typing import NamedTuple

from reporting.observed import observed
from reporting.rules import unassessable
from study.errors import NotInArchiveError
from study.findings import FINDINGS
from study.history import Drafted, Signed, fold
from study.identifiers import derived_uid
from study.ledger import Ledger
from study.model import Assessment, ModelIdentity, Observation, Presence, Report, StudyRecord


class Reported(NamedTuple):
    """A report version and its study.

    Attributes
    ----------
    record
        The study as it stood when this version was written or signed.
    report
        The version; a draft unless it carries a signature.
    """

    record: StudyRecord
    report: Report

    @property
    def is_signed(self) -> bool:
        """Whether a radiologist signed it."""
        return self.report.signature is not None

    @property
    def is_amended(self) -> bool:
        """Whether it takes the place of a report that was signed before."""
        return self.is_signed and self.report.addendum_to is not None

    @property
    def observations(self) -> list[Observation]:
        """Every finding of every radiograph, with its codes and its reader's verdict.

        One that a reader drew anew, or stated, is as the reader says; in a signed version, as its words hold.
        """
        verdicts = self.record.assessments
        if not self.report.observations:
            return observed(self.record.findings, verdicts)
        by_readers = [f for f in self.record.findings if f.observer is not None and not self.is_signed]
        instead = {o.id: o for o in observed(by_readers, verdicts)}
        return [
            instead.get(o.id) or o.model_copy(update={"assessment": o.assessment or verdicts.get(o.id)})
            for o in self.report.observations
        ]

    @property
    def unassessable(self) -> frozenset[str]:
        """The findings that the radiographs cannot show, by id."""
        return frozenset(f.id for f in unassessable(self.observations, self.record.radiographs))

    @property
    def models(self) -> list[ModelIdentity]:
        """The algorithms that made the findings."""
        return self.report.models or ([self.record.model] if self.record.model else [])

    def uid(self, *parts: str) -> str:
        """Return the UID of a part of what is said of the study.

        It is the same for each version; an addendum that nobody signed has its own, so that it takes
        the place of nothing that was.
        """
        if self.report.addendum_to is not None and not self.is_signed:
            parts = (*parts, "addendum", str(self.report.addendum_to))
        return derived_uid(self.record.study_uid, "message", *parts)


def is_withdrawn(observation: Observation, reported: Reported) -> bool:
    """Return whether its reader rejected the finding: nothing that is signed may say it."""
    return reported.is_signed and observation.assessment is Assessment.REJECTED


def is_critical(observation: Observation) -> bool:
    """Return whether the finding raises an alert; one that cannot be excluded does so too."""
    return FINDINGS[observation.label].critical and observation.presence is not Presence.ABSENT


def newest(ledger: Ledger, study_uid: str) -> Reported:
    """Return the newest report version of a study.

    Raises
    ------
    NotInArchiveError
        If the archive holds no such study, or nothing has been drafted yet.
    """
    record = ledger.held(study_uid)
    if record.draft is None:
        raise NotInArchiveError(f"study {study_uid} has no report yet; it is {record.state}")
    return Reported(record, record.draft)


def version_of(ledger: Ledger, study_uid: str, version: int, *, signed: bool) -> Reported:
    """Return one version of a study's report, with the study as it stood when it was written or signed.

    Raises
    ------
    NotInArchiveError
        If there is no such version.
    """
    events = ledger.archive.events(study_uid)
    wanted = Signed if signed else Drafted
    for number, event in enumerate(events, start=1):
        if isinstance(event, wanted) and event.report.version == version:
            record = fold(study_uid, events[:number])
            if record is not None:
                return Reported(record, event.report)
    raise NotInArchiveError(f"study {study_uid} has no report of version {version}")
