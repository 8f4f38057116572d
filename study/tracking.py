"""The tracking UID by which a segment and its measurements are known to be of one finding.

It follows from the radiograph and the finding's label alone, so a study's next revision, another model
and another version of Kidray speak of the same finding by the same UID.
"""

from __future__ import annotations

from study.identifiers import derived_uid
from study.model import Finding


def tracking_uid(finding: Finding) -> str:
    """Return the finding's tracking UID: the same in the SEG and in the SR (PS3.16 TID 1410)."""
    return derived_uid("track", finding.id)
