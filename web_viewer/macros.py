"""A reader's own short phrases: a file for each login under the home folder, replaced as a whole.

Files, because every web role of a service shares the folder; named by a hash of the login, readable for the
service's user alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError, field_validator

from study.model import Language
from web_viewer.identity.person import Person
from web_viewer.schemas import SentenceText, Wire

MOST = 100  # macros of one language
LONGEST_NAME = 24  # characters


class Macro(Wire):
    """A phrase, and the name that stands for it: the viewer expands ``.name``."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\W_][\w-]*$", max_length=LONGEST_NAME)]
    text: Annotated[SentenceText, Field(min_length=1)]


class MacroList(Wire):
    """The macros of one language; null stands for those that the viewer brings with it."""

    macros: Annotated[list[Macro], Field(max_length=MOST)] | None

    @field_validator("macros")
    @classmethod
    def _told_apart(cls, macros: list[Macro] | None) -> list[Macro] | None:
        names = [macro.name.casefold() for macro in macros or ()]
        if len(names) != len(set(names)):
            raise ValueError("two macros have the same name")
        return macros


class Macros(Wire):
    """The macros of a login, by language; null stands for those that the viewer brings with it."""

    en: list[Macro] | None = None
    ko: list[Macro] | None = None


class MacroFolder:
    """The macros of everybody who logs in here.

    Parameters
    ----------
    folder
        Made with the first macro; readable for the service's user alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, person: Person) -> Macros:
        """Return somebody's macros; those of nobody, or of a file that cannot be read, are the viewer's."""
        try:
            return Macros.model_validate_json(self._path(person).read_bytes())
        except (FileNotFoundError, ValidationError):
            return Macros()

    def replace(self, person: Person, language: Language, wish: MacroList) -> Macros:
        """Return somebody's macros with those of one language replaced, durable by then."""
        with self._alone():
            kept = self.read(person).model_copy(update={language.value: wish.macros})
            self._write(self._path(person), kept)
        return kept

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes out: the other language's macros are written along."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, path: Path, kept: Macros) -> None:
        draft = path.with_suffix(f".{secrets.token_hex(8)}.new")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(kept.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()

    def _path(self, person: Person) -> Path:
        login = hashlib.sha256(f"{person.how}\n{person.subject}".encode()).hexdigest()
        return self._folder / f"{login}.json"
