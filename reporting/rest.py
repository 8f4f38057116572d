"""Send FHIR resources to a server, and read what it says to them (FHIR R5, 3.2 RESTful API)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from reporting.http import read_up_to, within
from reporting.tls import client_context
from study.endpoint import Endpoint
from study.errors import DeliveryError, RefusedError

Resource = Mapping[str, Any]  # a FHIR resource as JSON
_MEDIA_TYPE = "application/fhir+json"
_LATER = frozenset({408, 409, 412, 425, 429})  # beside 5xx: another try may succeed
_BUNDLES = ("transaction", "batch")
_LONGEST = 4 << 20  # bytes of an answer that are read; one that echoes the resources is no shorter


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
    content = json.dumps(bundle, ensure_ascii=False).encode()
    status, body = _exchange("POST", url, headers, endpoint, content)
    return _read(status, body, endpoint)


def get_fhir(path: str, endpoint: Endpoint) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON object, empty where it is none, of a page below a server's base.

    Raises
    ------
    DeliveryError
        If the server does not answer, or not in time.
    """
    return _exchange("GET", f"{endpoint.url}/{path}", {"Accept": _MEDIA_TYPE}, endpoint)


def _exchange(
    method: str, url: str, headers: Mapping[str, str], endpoint: Endpoint, content: bytes | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the answer to one request; the endpoint's `timeout` is for all of it together."""
    sent = {**headers, "Accept-Encoding": "identity"}  # a small answer that unpacks to a large one is none
    if endpoint.token is not None:
        sent["Authorization"] = f"Bearer {endpoint.token.get_secret_value()}"
    verify = client_context(endpoint) if endpoint.tls else False

    async def ask() -> tuple[int, bytes]:
        async with (
            httpx.AsyncClient(verify=verify, timeout=endpoint.timeout, trust_env=False) as client,
            client.stream(method, url, headers=sent, content=content) as response,
        ):
            return response.status_code, await read_up_to(response, _LONGEST)

    try:
        status, body = within(endpoint.timeout, ask)
    except (asyncio.TimeoutError, httpx.TimeoutException) as error:
        raise DeliveryError(f"{endpoint.name} does not answer: timed out") from error
    except (httpx.ConnectError, httpx.ReadError, httpx.WriteError) as error:
        raise DeliveryError(f"{endpoint.name} does not answer: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # whose words may quote a header: the token
        raise DeliveryError(f"{endpoint.name} does not answer: {type(error).__name__}") from error
    return status, _json(body)


def _read(status: int, body: dict[str, Any], endpoint: Endpoint) -> Answer:
    if not 200 <= status < 300:
        _refuse(f"{status}{_codes(body)}", status, endpoint)
    outcomes = tuple(_outcomes(body))
    for outcome in outcomes:
        part = int(outcome[:3]) if re.match(r"[0-9]{3}", outcome) else 500
        if part >= 300:
            _refuse(f"{part} to a part of it", part, endpoint)
    return Answer(status, outcomes)


def _refuse(said: str, status: int, endpoint: Endpoint) -> None:
    """Say why; a server's own words may quote the report, so its codes alone are repeated."""
    if status in _LATER or status >= 500:
        raise DeliveryError(f"{endpoint.name} could not take the report (HTTP {said})")
    raise RefusedError(f"{endpoint.name} refused the report (HTTP {said})")


def _json(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
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
