"""Sum up how drafts fared with the radiologists who signed them. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import Field, computed_field

from reporting.difference import SECTIONS, SectionChange, SignedDraft, changes
from study.findings import FindingLabel
from study.model import Assessment, Finding, Frozen, Presence


class Verdicts(Frozen):
    """What readers said of one kind of finding, where the model called it present or indeterminate."""

    asserted: int = 0
    accepted: int = 0
    rejected: int = 0

    @computed_field  # type: ignore[prop-decorator] # mypy knows no decorated property
    @property
    def accept_rate(self) -> float | None:
        """Accepted among those that were judged, 0 to 1; None where none was."""
        judged = self.accepted + self.rejected
        return self.accepted / judged if judged else None


class Edits(Frozen):
    """How one section of the drafts was changed before it was signed."""

    untouched: int = 0  # reports whose section was signed as it was drafted
    characters_median: float = 0.0  # Levenshtein distance
    characters_p90: float = 0.0
    share_median: float = 0.0  # of the longer text, 0 to 1
    kept: int = 0  # sentences
    changed: int = 0
    added: int = 0
    removed: int = 0


class Quality(Frozen):
    """How the drafts of a period fared.

    Attributes
    ----------
    untouched
        Reports that were signed word for word as drafted.
    seconds_median, seconds_p90
        From the first draft to the signature; None where nothing was signed.
    critical_raised, critical_withdrawn, critical_added
        Drafts that were critical; of these, signed as not critical; and signed as critical though the
        draft was not.
    """

    reports: int = 0
    untouched: int = 0
    findings: dict[str, Verdicts] = Field(default_factory=dict)
    edits: dict[str, Edits] = Field(default_factory=dict)
    critical_raised: int = 0
    critical_withdrawn: int = 0
    critical_added: int = 0
    seconds_median: float | None = None
    seconds_p90: float | None = None
    wording: dict[str, int] = Field(default_factory=dict)  # reports by who worded the draft
    fallbacks: dict[str, int] = Field(default_factory=dict)  # by why the template stood though asked
    objections: dict[str, int] = Field(default_factory=dict)  # signed over a warning, by its rule


def sum_up(pairs: Sequence[SignedDraft]) -> Quality:
    """Return the figures of these signed reports."""
    seconds = [
        (p.signed.signature.signed_at - p.drafted_at).total_seconds() for p in pairs if p.signed.signature
    ]
    changed = [changes(pair.draft, pair.signed) for pair in pairs]
    raised = [pair for pair in pairs if pair.draft.critical]
    sources = Counter(pair.draft.wording.source.value for pair in pairs)
    fallbacks = Counter(p.draft.wording.fallback_reason for p in pairs if p.draft.wording.fallback_reason)
    return Quality(
        reports=len(pairs),
        untouched=sum(not any(c.characters for c in each.values()) for each in changed),
        findings={label.value: _verdicts(label, pairs) for label in FindingLabel},
        edits={name: _edits([each[name] for each in changed]) for name in SECTIONS} if pairs else {},
        critical_raised=len(raised),
        critical_withdrawn=sum(not pair.signed.critical for pair in raised),
        critical_added=sum(p.signed.critical and not p.draft.critical for p in pairs),
        seconds_median=round(statistics.median(seconds), 1) if seconds else None,
        seconds_p90=round(percentile(seconds, 90), 1) if seconds else None,
        wording=dict(sources),
        fallbacks={str(reason): count for reason, count in fallbacks.most_common()},
        objections=dict(Counter(check.rule for pair in pairs for check in pair.signed.warnings)),
    )


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the value that `percent` of `values` do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def _verdicts(label: FindingLabel, pairs: Sequence[SignedDraft]) -> Verdicts:
    asserted = accepted = rejected = 0
    for pair in pairs:
        for finding in pair.findings:
            if finding.label is not label or _as_drafted(finding) is Presence.ABSENT:
                continue
            asserted += 1
            denied = finding.stated is not None and finding.presence is Presence.ABSENT
            verdict = Assessment.REJECTED if denied else pair.assessments.get(finding.id)
            accepted += verdict is Assessment.ACCEPTED
            rejected += verdict is Assessment.REJECTED
    return Verdicts(asserted=asserted, accepted=accepted, rejected=rejected)


def _as_drafted(finding: Finding) -> Presence:
    """Return what was said of a finding before its reader stated it."""
    return finding.stated.instead_of.presence if finding.stated is not None else finding.presence


def _edits(section: Sequence[SectionChange]) -> Edits:
    characters = [change.characters for change in section]
    return Edits(
        untouched=sum(not count for count in characters),
        characters_median=statistics.median(characters),
        characters_p90=percentile(characters, 90),
        share_median=round(statistics.median(change.share for change in section), 3),
        kept=sum(change.kept for change in section),
        changed=sum(change.changed for change in section),
        added=sum(change.added for change in section),
        removed=sum(change.removed for change in section),
    )
