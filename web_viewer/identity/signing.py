"""Under which name somebody signs."""

from __future__ import annotations

from web_viewer.identity.person import Person
from web_viewer.problems import BadRequestError


def name_of(person: Person, typed: str | None) -> str:
    """Return the name of the login; where it has none, the one that was typed.

    Raises
    ------
    BadRequestError
        If there is neither.
    """
    name = person.name or typed
    if not name:
        raise BadRequestError("this login has no name of its own: say who you are")
    return name
