"""The tracking UID by which a segment and its measurements are known to be of one finding."""

from __future__ import annotations

from study.identifiers import derived_uid
from study.model import Finding, ModelIdentity


def tracking_uid(finding: Finding, model: ModelIdentity) -> str:
    """Return the finding's tracking UID: the same in the SEG and in the SR (PS3.16 TID 1410)."""
    return derived_uid("track", finding.id, model.sha256)
