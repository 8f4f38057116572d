"""Log in with a password, by the page or from the lock screen: a session begins that the lock ends."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from web_viewer.audit.told import tell
from web_viewer.deps import Held, HeldDep
from web_viewer.identity.passwords import header_of
from web_viewer.identity.person import Person
from web_viewer.identity.tries import FORGIVEN_AFTER, TOO_MANY
from web_viewer.login_page import password_page
from web_viewer.problems import BadRequestError, ForbiddenError, TooManyTriesError, status_of
from web_viewer.routes.login import inside, keep_session
from web_viewer.schemas import Entrance, Problem

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/session", tags=["session"])

_FIELDS = ("login", "password", "next")

Next = Annotated[str, Query(alias="next", max_length=2000)]


@pages.get("/login/password")
def read_form(kept: HeldDep, after: Next = "/") -> Response:
    """Return the page that asks for login and password."""
    if not kept.identity.doors.passwords:
        return RedirectResponse(inside(after), 303)
    return password_page(inside(after))


@pages.post("/login/password")
async def take_form(request: Request, kept: HeldDep) -> Response:
    """Take what was typed (application/x-www-form-urlencoded); lead on, or ask again."""
    return await run_in_threadpool(_taken, request, kept, await request.body())


def _taken(request: Request, kept: Held, body: bytes) -> Response:
    try:
        form = parse_qs(body.decode(errors="replace"), max_num_fields=len(_FIELDS))
    except ValueError as error:
        raise BadRequestError(f"the form has more fields than {', '.join(_FIELDS)}") from error
    login, password, after = (form.get(name, [""])[0] for name in _FIELDS)
    try:
        person = _admitted(request, kept, login, password)
    except (ForbiddenError, TooManyTriesError) as error:
        return password_page(inside(after), login=login, trouble=str(error), status=status_of(error))
    answer = RedirectResponse(inside(after), 303)
    keep_session(request, kept, person, answer)
    return answer


@router.post("/begin", status_code=204, responses={403: {"model": Problem}, 429: {"model": Problem}})
def begin_session(request: Request, wish: Entrance, kept: HeldDep, response: Response) -> None:
    """Begin a session with login and password; 403 where they are wrong. The viewer unlocks with it."""
    person = _admitted(request, kept, wish.login, wish.password.get_secret_value())
    keep_session(request, kept, person, response)


def _admitted(request: Request, kept: Held, login: str, password: str) -> Person:
    """Return whose login and password these are; takes as long as a hash does.

    Raises
    ------
    ForbiddenError
        If they are nobody's.
    TooManyTriesError
        If too many wrong ones came from this address, or for this login.
    """
    passwords = kept.identity.doors.passwords
    address = request.client.host if request.client else ""
    if not passwords.tries.let_in(address, login):
        raise TooManyTriesError(f"{TOO_MANY}; try again in {FORGIVEN_AFTER:.0f} seconds")
    person = passwords.person(header_of(login, password))
    if person is None:
        tell(request, kept.audit, "login", None, succeeded=False)
        raise ForbiddenError("login or password is wrong")
    passwords.tries.forgive(address, login)
    return person
