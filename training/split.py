"""Which part of a data set a case belongs to, fixed for ever by a hash of its name."""

from __future__ import annotations

import hashlib

from study.compat import StrEnum


class Split(StrEnum):
    """Which radiographs: those learnt from, those that choose between networks, those that judge."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


TRAIN_SHARE, VALIDATION_SHARE = 0.70, 0.15  # the rest is for the test


def split_of(case: str) -> Split:
    """Return the split of a case: the same in every import, however many cases come beside it.

    Parameters
    ----------
    case
        What all radiographs of one patient share; never shown, only hashed.
    """
    digest = hashlib.sha256(f"kidray split 1/{case}".encode()).digest()
    drawn = int.from_bytes(digest[:8], "big") / 2**64
    if drawn < TRAIN_SHARE:
        return Split.TRAIN
    return Split.VALIDATION if drawn < TRAIN_SHARE + VALIDATION_SHARE else Split.TEST
