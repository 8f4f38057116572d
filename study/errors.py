"""The error tree: what can go wrong, and whether trying again can help.

KidrayError
├── SettingsError             a setting is missing or contradicts another
├── NotDicomError             the bytes are not a readable DICOM data set
├── DatasetMismatchError      the data set is not what the request said it is
├── PixelDataError            the pixel data is short, absent or cannot be decoded
│   └── NoneReadableError     not one of a study's radiographs can be read
├── IdentifierError           a UID is not a valid UID
├── ArchiveError              the archive cannot be read or written
│   ├── ArchiveFullError      no room is left for another instance
│   ├── BacklogError          so much waits to be done that nothing more is taken in
│   ├── NotInArchiveError     nothing is held under that UID
│   └── ConflictError         something else is already held under that name
├── StateError                the study's state does not allow the step
├── RegistryUnavailableError  Redis does not answer (retryable)
├── ModelError                the model package is missing, damaged or does not fit
│   └── NotSegmentedError     a report is asked for, and nothing was segmented
├── DeliveryError             the destination refused or did not answer (retryable)
│   └── RefusedError          it refused, and would refuse again
└── WordingError              the LLM gave nothing usable (retryable where it says so)
    └── LlmUnavailableError   the LLM does not answer, or not in time
"""

from __future__ import annotations

from study.failure_code import FailureCode


class KidrayError(Exception):
    """Root of every error that Kidray raises on purpose.

    The message is one sentence for a person: the thing, the cause, the next step.
    It holds UIDs at most, never a patient's name or ID.
    """

    retryable: bool = False
    code: FailureCode = FailureCode.UNEXPECTED  # what a reader is told of a job that it ends

    @property
    def told(self) -> dict[str, str]:
        """What belongs to `code` and may be shown to a reader; never a UID or a header's text."""
        return {"error": type(self).__name__} if self.code is FailureCode.UNEXPECTED else {}


class SettingsError(KidrayError):
    """Raised when a setting is missing, malformed or contradicts another."""

    code = FailureCode.SETTINGS


class NotDicomError(KidrayError):
    """Raised when bytes cannot be read as a DICOM data set."""

    code = FailureCode.UNREADABLE


class DatasetMismatchError(KidrayError):
    """Raised when a data set's SOP class or UID differs from what the request named."""

    code = FailureCode.UNREADABLE


class PixelDataError(KidrayError):
    """Raised when pixel data is absent, shorter than its header says, or undecodable."""

    code = FailureCode.UNREADABLE


class NoneReadableError(PixelDataError):
    """Raised when radiographs are there and not one of them can be read.

    Parameters
    ----------
    files
        How many there are.
    """

    code = FailureCode.NONE_READABLE

    def __init__(self, message: str, files: int = 1) -> None:
        super().__init__(message)
        self._files = files

    @property
    def told(self) -> dict[str, str]:
        """How many radiographs there are."""
        return {"files": str(self._files)}


class IdentifierError(KidrayError):
    """Raised when a UID breaks PS3.5 section 9 (and so may not become a path)."""

    code = FailureCode.UNREADABLE


class ArchiveError(KidrayError):
    """Raised when the archive cannot be read or written."""

    code = FailureCode.ARCHIVE
    retryable = True


class ArchiveFullError(ArchiveError):
    """Raised when the archive has no room for another instance."""

    code = FailureCode.ARCHIVE_FULL


class BacklogError(ArchiveError):
    """Raised when so many jobs wait that another instance has to come later."""

    code = FailureCode.BACKLOG


class NotInArchiveError(ArchiveError):
    """Raised when the archive holds nothing under the given UID."""

    code = FailureCode.MISSING
    retryable = False


class ConflictError(ArchiveError):
    """Raised when something different is already held under the same name."""

    code = FailureCode.CONFLICT
    retryable = False


class StateError(KidrayError):
    """Raised when the study's state does not allow the step asked for."""

    code = FailureCode.MOVED_ON


class RegistryUnavailableError(KidrayError):
    """Raised when Redis does not answer."""

    code = FailureCode.REDIS
    retryable = True


class ModelError(KidrayError):
    """Raised when a model package is missing, damaged or does not fit its description."""

    code = FailureCode.MODEL


class NotSegmentedError(ModelError):
    """Raised when a report is asked for and the study has no segmented radiograph."""

    code = FailureCode.NOT_SEGMENTED


class DeliveryError(KidrayError):
    """Raised when a destination refuses an object or does not answer."""

    code = FailureCode.DESTINATION
    retryable = True


class RefusedError(DeliveryError):
    """Raised when a destination refuses what it is sent in a way that another try does not change."""

    code = FailureCode.REFUSED
    retryable = False


class WordingError(KidrayError):
    """Raised when the LLM gave no wording that may be used."""

    code = FailureCode.WORDING

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class LlmUnavailableError(WordingError):
    """Raised when the LLM's server does not answer, not in time, or as no such server does."""

    code = FailureCode.LLM
