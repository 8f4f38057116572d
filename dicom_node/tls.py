"""DICOM over TLS: the BCP 195 secure transport connection profile (PS3.15 section B.12)."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from study.destination import Tls
from study.errors import SettingsError

# RFC 9325 section 4.2: forward secrecy and authenticated encryption. TLS 1.3 has only such.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def server_context(certificate: Path, key: Path, *, peers: Path | None = None) -> ssl.SSLContext:
    """Return what a TLS port asks of its peers.

    Parameters
    ----------
    certificate, key
        The node's, as PEM; the certificate with the chain that leads to its issuer.
    peers
        PEM of the authorities whose certificates peers must show; None: none is asked for.

    Raises
    ------
    SettingsError
        If a file cannot be read or is not what it should be.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    _show(context, certificate, key)
    if peers is not None:
        _trust(context, peers)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@lru_cache(maxsize=32)
def client_context(tls: Tls) -> ssl.SSLContext:
    """Return what is asked of a destination: a trusted certificate that bears its name.

    Read once for each destination: a renewed certificate is used after a restart.

    Raises
    ------
    SettingsError
        If a file cannot be read or is not what it should be.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    if tls.authorities is None:
        context.load_default_certs()
    else:
        _trust(context, tls.authorities)
    if tls.certificate is not None and tls.key is not None:
        _show(context, tls.certificate, tls.key)
    return context


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the TLS certificate {certificate} with its key {key} cannot be used: {error.strerror or error}"
        ) from error


def _trust(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the TLS authorities {authorities} cannot be used: {error.strerror or error}"
        ) from error
