"""Whether something is for the model, with the reason in words."""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """A verdict on one instance.

    Attributes
    ----------
    for_model
        Whether the model may read it.
    reason
        One clause for a person, such as "body part is CHEST; the model reads the abdomen only".
        It quotes no free header text. Empty where `for_model` is True and nothing needs saying.
    """

    for_model: bool
    reason: str = ""
