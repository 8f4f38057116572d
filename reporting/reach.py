"""Find out whether an endpoint or a webhook is there, without sending it anything of a study."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx

from reporting.rest import get_fhir
from reporting.tls import client_context
from reporting.webhook import webhook_name
from study.endpoint import Endpoint
from study.errors import DeliveryError

_PORTS = {"http": 80, "https": 443}
_LONGEST = 5.0  # seconds for a webhook to take a connection
_FHIR_VERSIONS = {"R5": "5.0", "R4": "4."}


def reach(endpoint: Endpoint) -> str:
    """Return a sentence on how an endpoint answered: a FHIR server's version, or that HL7 connects.

    Raises
    ------
    DeliveryError
        If it does not answer, or speaks another version of FHIR than it is sent.
    """
    began = time.perf_counter()
    try:
        said = _fhir_version(endpoint) if endpoint.kind == "FHIR" else _connects(endpoint)
    except OSError as error:
        raise DeliveryError(f"{endpoint.name} does not answer: {error}") from error
    return f"{said} in {(time.perf_counter() - began) * 1000:.0f} ms"


def reach_webhook(url: str) -> str:
    """Return a sentence on how a webhook's server took a connection; nothing is posted.

    Whose certificates are trusted is as when an alert is posted.

    Raises
    ------
    DeliveryError
        If it takes none, or its certificate is not trusted.
    """
    parts, name = urlsplit(url), webhook_name(url)
    host = parts.hostname or ""
    began = time.perf_counter()
    try:
        with socket.create_connection((host, parts.port or _PORTS[parts.scheme]), _LONGEST) as plain:
            if parts.scheme == "https":
                httpx.create_ssl_context().wrap_socket(plain, server_hostname=host).close()
    except (OSError, UnicodeError) as error:  # of a host that is no name
        raise DeliveryError(f"{name} does not take a connection: {error}") from error
    over = " over TLS" if parts.scheme == "https" else ""
    return f"takes a connection{over} in {(time.perf_counter() - began) * 1000:.0f} ms; nothing was posted"


def _fhir_version(endpoint: Endpoint) -> str:
    status, body = get_fhir("metadata", endpoint)
    if not 200 <= status < 300:
        raise DeliveryError(f"{endpoint.name} answers its own description with HTTP {status}")
    version = str(body.get("fhirVersion", ""))
    if not version.startswith(_FHIR_VERSIONS[endpoint.fhir_version]):
        wanted = endpoint.fhir_version
        raise DeliveryError(f"{endpoint.name} speaks FHIR '{version[:20]}', and is sent {wanted}")
    return f"speaks FHIR {version}"


def _connects(endpoint: Endpoint) -> str:
    with socket.create_connection(endpoint.address, timeout=endpoint.timeout) as plain:
        if endpoint.tls:
            client_context(endpoint).wrap_socket(plain, server_hostname=endpoint.address[0]).close()
    return "connects over TLS" if endpoint.tls else "connects"
