"""A reader's own short phrases for reports."""

from __future__ import annotations

from fastapi import APIRouter

from study.model import Language
from web_viewer.deps import Held, HeldDep, PersonDep
from web_viewer.identity.person import Person
from web_viewer.macros import MacroFolder, MacroList, Macros
from web_viewer.problems import BadRequestError
from web_viewer.schemas import Problem

router = APIRouter(prefix="/api/macros", tags=["report"], responses={400: {"model": Problem}})


@router.get("")
def read_macros(kept: HeldDep, person: PersonDep) -> Macros:
    """Return the macros of whoever is logged in; 400 without a login: then the browser keeps them."""
    return _folder(kept, person).read(person)


@router.put("/{language}")
def replace_macros(language: Language, wish: MacroList, kept: HeldDep, person: PersonDep) -> Macros:
    """Replace the macros of one language; returns all."""
    return _folder(kept, person).replace(person, language, wish)


def _folder(kept: Held, person: Person) -> MacroFolder:
    if not person.subject:
        raise BadRequestError("without a login macros are kept in the browser")
    return MacroFolder(kept.services.settings.home / "macros")
