"""What a reader's verdicts leave of the model's findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from study.findings import FINDINGS
from study.model import Assessment, Finding, Presence, StudyRecord


def is_critical(findings: Iterable[Finding], assessments: Mapping[str, Assessment]) -> bool:
    """Return whether a critical finding is possible or present that no reader rejected."""
    return bool(critical_findings(findings, assessments))


def critical_findings(findings: Iterable[Finding], assessments: Mapping[str, Assessment]) -> list[Finding]:
    """Return the critical findings that are possible or present and that no reader rejected."""
    return [
        f
        for f in findings
        if FINDINGS[f.label].critical
        and f.presence is not Presence.ABSENT
        and assessments.get(f.id) is not Assessment.REJECTED
    ]


def still_standing(record: StudyRecord, findings: Iterable[Finding]) -> dict[str, Assessment]:
    """Return the verdicts that outlive a new segmentation, by `Finding.id`.

    `findings` are its own, as readers drew or stated them. Verdicts on a preview stand whose findings came
    out the same. Once a report was drafted none does: the
    next draft asserts its findings anew, and each is judged again.
    """
    if record.draft is not None:
        return {}
    before = {f.id: f for f in record.findings}
    same = {f.id for f in findings if before.get(f.id) == f}
    return {uid: verdict for uid, verdict in record.assessments.items() if uid in same}
