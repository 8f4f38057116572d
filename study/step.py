"""What every event of a study has. Pure."""

from __future__ import annotations

from datetime import datetime

from study.model import Frozen


class Step(Frozen):
    """What every event has."""

    at: datetime
    revision: int
