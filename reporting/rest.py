"""Send FHIR resources to a server, and read what it says to them (FHIR R5, 3.2 RESTful API)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from reporting.tls import client_context
from study.endpoint import Endpoint
from study.errors import DeliveryError, RefusedError

Resource = Mapping[str, Any]  # a FHIR resource as JSON
_MEDIA_TYPE = "application/fhir+json"
_LATER = frozenset({408, 409, 412, 425, 429})  # beside 5xx: another try may succeed
_BUNDLES = ("transaction", "batch")


class Answer(NamedTuple):
    """What a server answered."""

    status: int  # of HTTP
    outcomes: tuple[str, ...]  # of each entry of a bundle: "201 Created"


def send_fhir(bundle: Resource, endpoint: Endpoint) -> Answer:
    """Send a bundle, or any other resource, and return what the server made of it.

    A transaction or batch goes to the server's base, anything else to its own type.

    Parameters
    ----------
    bundle
        The resource as JSON.
    endpoint
        Where to, its token and TLS included.

    Raises
    ------
    RefusedError
        If the server refuses it, or an entry of it, in a way that another try does not change.
    DeliveryError
        If it does not answer, not in time, or is not able to just now.
    """
    whole = bundle.get("resourceType") == "Bundle" and bundle.get("type") in _BUNDLES
    url = endpoint.url if whole else f"{endpoint.url}/{bundle.get('resourceType')}"
    headers = {"Content-Type": f"{_MEDIA_TYPE}; charset=utf-8", "Accept": _MEDIA_TYPE}
    if endpoint.token is not None:
        headers["Authorization"] = f"Bearer {endpoint.token.get_secret_value()}"
    verify = client_context(endpoint) if endpoint.tls else False
    try:
        with httpx.Client(verify=verify, timeout=endpoint.timeout, trust_env=False) as client:
            response = client.post(url, headers=headers, json=bundle)
    except httpx.TimeoutException as error:
        raise DeliveryError(f"{endpoint.name} does not answer: timed out") from error
    except (httpx.TransportError, OSError) as error:
        raise DeliveryError(f"{endpoint.name} does not answer: {error}") from error
    return _read(response, endpoint)


def _read(response: httpx.Response, endpoint: Endpoint) -> Answer:
    body = _body(response)
    if not response.is_success:
        _refuse(f"{response.status_code}{_codes(body)}", response.status_code, endpoint)
    outcomes = tuple(_outcomes(body))
    for outcome in outcomes:
        status = int(outcome[:3]) if re.match(r"[0-9]{3}", outcome) else 500
        if status >= 300:
            _refuse(f"{status} to a part of it", status, endpoint)
    return Answer(response.status_code, outcomes)


def _refuse(said: str, status: int, endpoint: Endpoint) -> None:
    """Say why; a server's own words may quote the report, so its codes alone are repeated."""
    if status in _LATER or status >= 500:
        raise DeliveryError(f"{endpoint.name} could not take the report (HTTP {said})")
    raise RefusedError(f"{endpoint.name} refused the report (HTTP {said})")


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _codes(outcome: Resource) -> str:
    """Return the codes of an OperationOutcome's issues, such as ``: required, value``."""
    issues = outcome.get("issue")
    found = [i.get("code") for i in issues if isinstance(i, dict)] if isinstance(issues, list) else []
    codes = [c for c in found if isinstance(c, str) and re.fullmatch(r"[a-z][a-z-]{1,30}", c)]
    return f": {', '.join(dict.fromkeys(codes))}" if codes else ""


def _outcomes(body: Resource) -> list[str]:
    entries = body.get("entry")
    if body.get("resourceType") != "Bundle" or not isinstance(entries, list):
        return []
    responses = [e.get("response") for e in entries if isinstance(e, dict)]
    return [str(r.get("status", "")) for r in responses if isinstance(r, dict)]
