"""A report without words, where a test asks only what becomes of it."""

from __future__ import annotations

from datetime import datetime

from study.model import DraftSource, Language, Report, Signature, Wording


def empty_report(
    study_uid: str,
    at: datetime,
    *,
    signed: bool = False,
    sr_series: str | None = None,
    sr: str | None = None,
    critical: bool = False,
) -> Report:
    """Return the first version of a report, written and perhaps signed `at` a time."""
    return Report(
        study_uid=study_uid,
        revision=1,
        version=1,
        language=Language.ENGLISH,
        technique=[],
        findings=[],
        impression=[],
        recommendation=[],
        comparison="",
        limitations=[],
        critical=critical,
        wording=Wording(source=DraftSource.TEMPLATE),
        disclaimer="",
        created_at=at,
        signature=Signature(signer="Dr Kim", signed_at=at) if signed else None,
        sr_series_uid=sr_series,
        sr_instance_uid=sr,
    )
