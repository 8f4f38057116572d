"""What kinds of trouble end a step of a study, by what somebody can do about them. Pure."""

from __future__ import annotations

from study.compat import StrEnum


class FailureCode(StrEnum):
    """What kind of trouble it was; the viewer has a sentence and a next step for each, in each language."""

    NONE_READABLE = "none_readable"  # files: how many radiographs there are
    UNREADABLE = "unreadable"  # a file, or what it claims to be
    MISSING = "missing"  # something is not in the archive
    CONFLICT = "conflict"  # two objects under one UID
    ARCHIVE = "archive"
    ARCHIVE_FULL = "archive_full"
    BACKLOG = "backlog"
    MOVED_ON = "moved_on"  # the study's state does not allow the step
    REDIS = "redis"
    MODEL = "model"
    NOT_SEGMENTED = "not_segmented"
    DESTINATION = "destination"
    REFUSED = "refused"
    WORDING = "wording"
    LLM = "llm"
    SETTINGS = "settings"
    MEMORY = "memory"
    UNEXPECTED = "unexpected"  # error: the name of its type
    OTHER = "other"  # detail: what an older archive says in English alone
