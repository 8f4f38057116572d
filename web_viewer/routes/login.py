"""Log in at the OpenID provider, log out, and who one is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from study.access import Role
from web_viewer.access import cookie_name
from web_viewer.audit.told import tell
from web_viewer.deps import Held, HeldDep, PersonDep
from web_viewer.identity.openid import LoginError, ProviderError
from web_viewer.identity.person import Person, person_name, roles_of
from web_viewer.identity.sessions import COOKIE, LOGIN_COOKIE, LOGIN_SECONDS
from web_viewer.login_page import logged_out, refused, without_role
from web_viewer.schemas import Farewell, SessionState

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/session", tags=["session"])

Next = Annotated[str, Query(alias="next", max_length=2000)]


@pages.get("/login")
def begin_login(request: Request, kept: HeldDep, after: Next = "/", again: bool = False) -> Response:
    """Send the browser to the provider, or to the page that asks for a password.

    With `again` the provider asks anew, whoever is logged in there.
    """
    openid = kept.identity.openid
    if openid is None:
        return RedirectResponse(f"/login/password?{urlencode({'next': inside(after)})}", 303)
    try:
        departure = openid.depart(
            f"{base_of(request, kept)}/login/callback", extra={"prompt": "login"} if again else None
        )
    except ProviderError as error:
        return refused(str(error), status=502)
    return set_out(request, kept, departure.address, {**departure.state, "next": inside(after)})


@pages.get("/login/callback")
def end_login(request: Request, kept: HeldDep) -> Response:
    """Take the browser back from the provider, logged in."""
    openid = kept.identity.openid
    state = returned(request, kept)
    if openid is None or state is None:
        return refused("this login has expired, or was begun in another browser", status=401)
    try:
        token = openid.redeem(state, request.query_params)
        claims = openid.claims(token.get("id_token"), state["nonce"])
    except (LoginError, ProviderError) as error:
        tell(request, kept.audit, "login", None, succeeded=False)
        return refused(str(error), status=401 if isinstance(error, LoginError) else 502)
    settings = kept.services.settings
    roles = roles_of(claims, settings.oidc_roles_claim, settings.oidc_roles)
    person = Person(str(claims["sub"]), person_name(claims), roles, "openid")
    if not roles:
        tell(request, kept.audit, "login", person, succeeded=False)
        return without_role(person.name)
    return welcome(request, kept, person, state["next"])


@pages.get("/login/out")
def read_farewell() -> HTMLResponse:
    """Return the page that stands after a logout."""
    return logged_out()


@router.get("")
def read_session(kept: HeldDep, person: PersonDep) -> SessionState:
    """Return who asks and what they may do."""
    return SessionState(
        subject=person.subject,
        name=person.name,
        roles=sorted(role for role in Role if person.may(role)),
        how=person.how,
        lock_after=kept.services.settings.lock_after,
    )


@router.post("/end")
def end_session(request: Request, kept: HeldDep, person: PersonDep, response: Response) -> Farewell:
    """Log out; returns the address to go to, which is the provider's where it has one for that."""
    kept.identity.doors.sessions.end(person)
    if person.session:
        tell(request, kept.audit, "logout", person)
    secure = kept.identity.doors.is_secure(request.scope)
    response.delete_cookie(cookie_name(COOKIE, secure=secure), secure=secure, httponly=True, samesite="lax")
    return Farewell(address=_way_out(request, kept, person))


def _way_out(request: Request, kept: HeldDep, person: Person) -> str:
    openid = kept.identity.openid
    if openid is None or person.how != "openid":
        return "/login/out"
    try:
        address = openid.endpoints().logout
    except ProviderError:
        address = ""
    if not address:
        return "/login/out"
    # No id_token_hint (RP-Initiated Logout 1.0): a token has no place in an address.
    client_id = kept.services.settings.oidc_client_id
    back = f"{base_of(request, kept)}/login/out"
    return f"{address}?{urlencode({'client_id': client_id, 'post_logout_redirect_uri': back})}"


def base_of(request: Request, kept: HeldDep) -> str:
    """Return the service's own address as the browser knows it, without a last slash."""
    return kept.services.settings.web_url or f"{request.url.scheme}://{request.headers.get('host', '')}"


def inside(address: str) -> str:
    """Return `address` if it is one of our own pages, else that of the worklist."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\", "/login", "/launch", "/api"))
    return address if ours and address.isprintable() and "\\" not in address else "/"


def set_out(request: Request, kept: HeldDep, address: str, state: dict[str, str]) -> Response:
    """Return the redirect to `address` with a cookie by which `returned` finds `state` again."""
    secure = kept.identity.doors.is_secure(request.scope)
    answer = RedirectResponse(address, 303)
    answer.set_cookie(
        cookie_name(LOGIN_COOKIE, secure=secure),
        kept.identity.doors.sessions.set_out(state),
        max_age=int(LOGIN_SECONDS),
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def returned(request: Request, kept: HeldDep) -> dict[str, str] | None:
    """Return what `set_out` kept; None where it has expired or is another browser's."""
    doors = kept.identity.doors
    cookie = request.cookies.get(cookie_name(LOGIN_COOKIE, secure=doors.is_secure(request.scope)), "")
    return doors.sessions.come_back(cookie)


def welcome(request: Request, kept: HeldDep, person: Person, address: str) -> Response:
    """Return the redirect to `address` with the cookie of a new session of `person`."""
    secure = kept.identity.doors.is_secure(request.scope)
    answer = RedirectResponse(address, 303)
    answer.delete_cookie(cookie_name(LOGIN_COOKIE, secure=secure), secure=secure, httponly=True)
    keep_session(request, kept, person, answer)
    return answer


def keep_session(request: Request, kept: Held, person: Person, answer: Response) -> None:
    """Begin a session of `person`, and give its cookie along with `answer`."""
    doors = kept.identity.doors
    secure = doors.is_secure(request.scope)
    answer.set_cookie(
        cookie_name(COOKIE, secure=secure),
        doors.begin(person),
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    tell(request, kept.audit, "login", person)
