"""Why a step of a study failed, as its record holds it; the viewer has the words. Pure."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

from study.errors import KidrayError
from study.failure_code import FailureCode

# A UID in a sentence, with the punctuation that leads to it: at least four components.
_UID = re.compile(r";?\s*\b[0-9]+(?:\.[0-9]+){3,}\b")


class Failure(BaseModel):
    """Why one step failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: FailureCode
    parameters: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, code: FailureCode, **parameters: object) -> Failure:
        """Return the failure with what belongs to it."""
        return cls(code=code, parameters={name: str(value) for name, value in parameters.items()})

    @classmethod
    def from_words(cls, sentence: str) -> Failure:
        """Return what an older archive's sentence tells, without the UIDs in it."""
        return cls.of(FailureCode.OTHER, detail=_UID.sub("", sentence).strip())

    @classmethod
    def by(cls, error: Exception) -> Failure:
        """Return what a reader is told of the error that ended a job: nothing of the error's own text."""
        if isinstance(error, KidrayError):
            return cls(code=error.code, parameters=error.told)
        if isinstance(error, MemoryError):
            return cls.of(FailureCode.MEMORY)
        return cls.of(FailureCode.UNEXPECTED, error=type(error).__name__)
