"""SMART App Launch: opened from an EHR, logged in there, with its patient's study."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from study.errors import RegistryUnavailableError
from web_viewer.audit.told import tell
from web_viewer.deps import HeldDep
from web_viewer.identity.openid import LoginError, Provider, ProviderError, fetched
from web_viewer.identity.person import Person, person_name, roles_of
from web_viewer.identity.smart import Context, context_of
from web_viewer.login_page import login_page, refused
from web_viewer.routes.login import base_of, returned, set_out, welcome

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)


@router.get("/launch")
def begin_launch(request: Request, kept: HeldDep, iss: str = "", launch: str = "") -> Response:
    """Send the browser to the FHIR server's authorization with what it launched us with."""
    issuer = iss.rstrip("/")
    provider = kept.identity.launchers.get(issuer)
    if provider is None:
        return refused("this FHIR server may not launch Kidray", status=403, again=None)
    if not launch:
        return refused("the launch has no context", status=400, again=None)
    redirect_uri = f"{base_of(request, kept)}/launch/callback"
    try:
        departure = provider.depart(redirect_uri, extra={"aud": issuer, "launch": launch})
    except ProviderError as error:
        return refused(str(error), status=502, again=None)
    return set_out(request, kept, departure.address, {**departure.state, "iss": issuer})


@router.get("/launch/callback")
def end_launch(request: Request, kept: HeldDep) -> Response:
    """Open what the launch is about, logged in as whom the FHIR server says it is."""
    state = returned(request, kept)
    provider = kept.identity.launchers.get(state.get("iss", "")) if state else None
    if state is None or provider is None:
        return refused("this launch has expired; open the study from the EHR again", status=401, again=None)
    try:
        token = provider.redeem(state, request.query_params)
        context = _context(token, provider)
        here = request.scope["state"].get("person")
        if here is not None and here.how == "smart":  # of whoever launched last
            here = None
        person = here or _person(token, provider, state["nonce"], kept)
    except (LoginError, ProviderError) as error:
        tell(request, kept.audit, "login", None, succeeded=False)
        return refused(str(error), status=401 if isinstance(error, LoginError) else 502, again=None)
    address = _address(context, kept)
    if address is None:
        return login_page(
            "No study was named",
            "The EHR named neither a study, an order nor a patient that has studies here.",
            "EHR이 지정한 검사를 찾을 수 없습니다.",
            status=404,
            again=None,
        )
    return RedirectResponse(address, 303) if here else welcome(request, kept, person, address)


def _context(token: dict[str, Any], provider: Provider) -> Context:
    headers = {"Authorization": f"Bearer {token.get('access_token', '')}"}

    def read(reference: str) -> dict[str, Any]:
        return fetched(f"{provider.issuer}/{quote(reference, safe='/')}", headers)

    return context_of(token, provider.issuer, read)


def _person(token: dict[str, Any], provider: Provider, nonce: str, kept: HeldDep) -> Person:
    """Return whom the FHIR server vouches for.

    Raises
    ------
    LoginError
        If it vouches for nobody.
    """
    claims = provider.claims(token.get("id_token"), nonce)
    settings = kept.services.settings
    roles = roles_of(claims, settings.oidc_roles_claim, settings.oidc_roles) | set(settings.smart_roles)
    if not roles:
        raise LoginError("nobody from there has a role here")
    subject = str(claims.get("fhirUser") or claims["sub"])
    return Person(subject, person_name(claims), frozenset(roles), "smart")


def _address(context: Context, kept: HeldDep) -> str | None:
    """Return the viewer's address of what a launch is about; None where it named nothing that is here.

    A patient's ID never gets into an address: the newest of their studies does.
    """
    if context.study_uid:
        return f"/viewer?StudyInstanceUID={context.study_uid}"
    if context.accession_number:
        return f"/viewer?AccessionNumber={quote(context.accession_number, safe='')}"
    if not context.patient_ids:
        return None
    try:
        uids = kept.index.find(kept.services.registry, lambda entry: entry.patient_id in context.patient_ids)
    except RegistryUnavailableError:
        log.warning("launch_without_registry")
        return None
    return f"/viewer?StudyInstanceUID={uids[0]}" if uids else None
