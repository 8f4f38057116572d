"""DICOM over TLS: the BCP 195 secure transport connection profile (PS3.15 section B.12)."""

from __future__ import annotations

import ssl
from pathlib import Path

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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"the TLS certificate {certificate} with its key {key} cannot be used: {error.strerror or error}"
        ) from error
    if peers is not None:
        try:
            context.load_verify_locations(peers)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"the TLS authorities {peers} cannot be used: {error.strerror or error}"
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context
