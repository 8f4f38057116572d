"""Whether something is for the model, and if not, why."""

from __future__ import annotations

from typing import NamedTuple

from study.unread import Unread


class Decision(NamedTuple):
    """A verdict on one instance.

    Attributes
    ----------
    for_model
        Whether the model may read it.
    unread
        Why not; quotes no free header text. None where `for_model` is True.
    """

    for_model: bool
    unread: Unread | None = None

    @property
    def reason(self) -> str:
        """Why not, as one English clause for a person; empty where there is nothing to say."""
        return self.unread.text if self.unread is not None else ""
