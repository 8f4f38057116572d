"""Where a study can be, and where it can go from there. Pure.

`receiving → queued → segmenting → segmented → drafting → drafted → signed`, beside `skipped`
(nothing here that the model may read) and `failed`. A late instance takes the study back to
`receiving` as its next revision, from any state: a signed report stays as it is and the next one is
its addendum.
"""

from __future__ import annotations

from study.compat import StrEnum
from study.errors import StateError


class State(StrEnum):
    """Where a study is on its way."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    SEGMENTING = "segmenting"
    SEGMENTED = "segmented"
    DRAFTING = "drafting"
    DRAFTED = "drafted"
    SIGNED = "signed"
    SKIPPED = "skipped"
    FAILED = "failed"


# Every allowed move. A step may find its own state again: it was killed and is done once more.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.RECEIVING: frozenset({State.RECEIVING, State.QUEUED}),
    State.QUEUED: frozenset({State.RECEIVING, State.SEGMENTING, State.SKIPPED, State.FAILED}),
    State.SEGMENTING: frozenset(
        {State.RECEIVING, State.QUEUED, State.SEGMENTING, State.SEGMENTED, State.SKIPPED, State.FAILED}
    ),
    State.SEGMENTED: frozenset({State.RECEIVING, State.QUEUED, State.DRAFTING, State.FAILED}),
    State.DRAFTING: frozenset({State.RECEIVING, State.QUEUED, State.DRAFTING, State.DRAFTED, State.FAILED}),
    State.DRAFTED: frozenset({State.RECEIVING, State.QUEUED, State.DRAFTED, State.SIGNED}),
    State.SIGNED: frozenset({State.RECEIVING, State.QUEUED, State.SIGNED}),
    State.SKIPPED: frozenset({State.RECEIVING, State.QUEUED}),
    State.FAILED: frozenset({State.RECEIVING, State.QUEUED}),
}

FINISHED = frozenset({State.DRAFTED, State.SIGNED, State.SKIPPED, State.FAILED})


def check_transition(old: State, new: State) -> None:
    """Raise `StateError` unless the table allows `old` to become `new`."""
    if new not in TRANSITIONS[old]:
        allowed = ", ".join(sorted(TRANSITIONS[old])) or "none"
        raise StateError(f"a study that is {old} cannot become {new}; it can become: {allowed}")
