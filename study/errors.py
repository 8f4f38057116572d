"""The error tree: what can go wrong, and whether trying again can help.

KidrayError
├── SettingsError             a setting is missing or contradicts another
├── NotDicomError             the bytes are not a readable DICOM data set
├── DatasetMismatchError      the data set is not what the request said it is
├── PixelDataError            the pixel data is short, absent or cannot be decoded
├── IdentifierError           a UID is not a valid UID
├── ArchiveError              the archive cannot be read or written
│   ├── ArchiveFullError      no room is left for another instance
│   ├── BacklogError          so much waits to be done that nothing more is taken in
│   ├── NotInArchiveError     nothing is held under that UID
│   └── ConflictError         something else is already held under that name
├── StateError                the study's state does not allow the step
├── RegistryUnavailableError  Redis does not answer (retryable)
├── ModelError                the model package is missing, damaged or does not fit
├── DeliveryError             the destination refused or did not answer (retryable)
│   └── RefusedError          it refused, and would refuse again
└── WordingError              the LLM gave nothing usable (retryable where it says so)
    └── LlmUnavailableError   the LLM does not answer, or not in time
"""

from __future__ import annotations


class KidrayError(Exception):
    """Root of every error that Kidray raises on purpose.

    The message is one sentence for a person: the thing, the cause, the next step.
    It holds UIDs at most, never a patient's name or ID.
    """

    retryable: bool = False


class SettingsError(KidrayError):
    """Raised when a setting is missing, malformed or contradicts another."""


class NotDicomError(KidrayError):
    """Raised when bytes cannot be read as a DICOM data set."""


class DatasetMismatchError(KidrayError):
    """Raised when a data set's SOP class or UID differs from what the request named."""


class PixelDataError(KidrayError):
    """Raised when pixel data is absent, shorter than its header says, or undecodable."""


class IdentifierError(KidrayError):
    """Raised when a UID breaks PS3.5 section 9 (and so may not become a path)."""


class ArchiveError(KidrayError):
    """Raised when the archive cannot be read or written."""

    retryable = True


class ArchiveFullError(ArchiveError):
    """Raised when the archive has no room for another instance."""


class BacklogError(ArchiveError):
    """Raised when so many jobs wait that another instance has to come later."""


class NotInArchiveError(ArchiveError):
    """Raised when the archive holds nothing under the given UID."""

    retryable = False


class ConflictError(ArchiveError):
    """Raised when something different is already held under the same name."""

    retryable = False


class StateError(KidrayError):
    """Raised when the study's state does not allow the step asked for."""


class RegistryUnavailableError(KidrayError):
    """Raised when Redis does not answer."""

    retryable = True


class ModelError(KidrayError):
    """Raised when a model package is missing, damaged or does not fit its description."""


class DeliveryError(KidrayError):
    """Raised when a destination refuses an object or does not answer."""

    retryable = True


class RefusedError(DeliveryError):
    """Raised when a destination refuses what it is sent in a way that another try does not change."""

    retryable = False


class WordingError(KidrayError):
    """Raised when the LLM gave no wording that may be used."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class LlmUnavailableError(WordingError):
    """Raised when the LLM's server does not answer, not in time, or as no such server does."""
