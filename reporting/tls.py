"""What TLS with an endpoint rests on."""

from __future__ import annotations

import ssl

from study.endpoint import Endpoint
from study.errors import SettingsError


def client_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return the context in which an endpoint's certificate is checked, and ours shown where it asks.

    Raises
    ------
    SettingsError
        If a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=endpoint.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if endpoint.certificate is not None:
            context.load_cert_chain(endpoint.certificate, endpoint.key)
    except OSError as error:  # an SSLError is one
        raise SettingsError(f"the TLS files of endpoint {endpoint.name} cannot be used: {error}") from error
    return context
