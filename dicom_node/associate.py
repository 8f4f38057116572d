"""Open an association with a destination, or say in words why there is none."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation, AssociationSocket

from dicom_node.tls import client_context
from dicom_node.toolkit import keep_answers, prepare_toolkit, turn_nagle_off
from study.errors import DeliveryError
from study.settings import Destination

CONNECT_TIMEOUT = 5.0  # seconds until a TCP connection stands
ANSWER_TIMEOUT = 60.0  # seconds for the answer to one request
RELEASE_TIMEOUT = 5.0  # seconds for the answer to a release; nothing depends on it


_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only


class _Socket(AssociationSocket):  # type: ignore[misc]  # it has no types
    """Acknowledges at once, keeps why TLS failed, and closes its socket where connecting failed, too.

    A peer with Nagle's algorithm on, as DCMTK has it, keeps the second part of its answer back until
    the first is acknowledged: 40 ms for each request.
    """

    tls_failure: ssl.SSLError | None = None

    def recv(self, nr_bytes: int) -> bytearray:
        if _QUICKACK is not None and self.socket is not None:
            with suppress(OSError):  # reading says in better words that it is closed
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        return super().recv(nr_bytes)

    def _shutdown_socket(self) -> None:
        failure = sys.exc_info()[1]  # called while what `connect` met is dealt with, and is logged only
        if isinstance(failure, ssl.SSLError):
            self.tls_failure = failure
        opened: socket.socket | None = self.socket
        super()._shutdown_socket()
        if opened is not None:
            opened.close()


class _Requestor(AE):  # type: ignore[misc]
    created: _Socket | None = None

    def _create_socket(
        self, assoc: Association, address: AddressInformation, tls_args: tuple[ssl.SSLContext, str] | None
    ) -> AssociationSocket:
        self.created = _Socket(assoc, address=address)
        self.created.tls_args = tls_args
        return self.created


@contextmanager
def association(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    *,
    calling_ae_title: str,
    connect_timeout: float = CONNECT_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
) -> Iterator[Association]:
    """Run the block with an association, and release it after.

    `roles` are asked for where they are not the usual ones (PS3.7 section D.3.3.4).

    Raises
    ------
    DeliveryError
        If the destination does not answer, or rejects the association.
    """
    opened = open_association(
        destination,
        contexts,
        calling_ae_title=calling_ae_title,
        connect_timeout=connect_timeout,
        answer_timeout=answer_timeout,
        roles=roles,
    )
    try:
        yield opened
    finally:
        release(opened)


def open_association(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    *,
    calling_ae_title: str,
    connect_timeout: float = CONNECT_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
) -> Association:
    """Return an association, over TLS where the destination is to be spoken to so; `release` ends it.

    Raises
    ------
    DeliveryError
        If the destination does not answer, is not who it should be, or rejects the association.
    SettingsError
        If a file that TLS needs cannot be used.
    """
    prepare_toolkit()
    tls = destination.tls
    ae = _Requestor(ae_title=calling_ae_title)
    ae.connection_timeout = connect_timeout
    ae.acse_timeout = answer_timeout
    ae.dimse_timeout = answer_timeout
    ae.network_timeout = answer_timeout
    opened = ae.associate(
        _address(destination),
        destination.port,
        contexts=list(contexts),
        ae_title=destination.ae_title,
        max_pdu=0,
        ext_neg=list(roles),
        tls_args=(client_context(tls), tls.name or destination.host) if tls else None,
        evt_handlers=[(evt.EVT_CONN_OPEN, turn_nagle_off)],
    )
    if not opened.is_established:
        failure = ae.created.tls_failure if ae.created is not None else None
        raise DeliveryError(f"{spelled(destination)} {_why_not(opened, failure)}")
    keep_answers(opened)
    return opened


def release(opened: Association) -> None:
    """End an association, unless it has ended; one whose peer does not answer is aborted."""
    if opened.is_established:
        opened.acse_timeout = min(opened.acse_timeout or RELEASE_TIMEOUT, RELEASE_TIMEOUT)
        opened.release()


def spelled(destination: Destination) -> str:
    """Return ``AE@HOST:PORT``."""
    return f"{destination.ae_title}@{destination.host}:{destination.port}"


def _address(destination: Destination) -> str:
    """Return the IP address of the destination's host, IPv4 first: a hospital's names mean that."""
    try:
        found = socket.getaddrinfo(destination.host, destination.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DeliveryError(f"{spelled(destination)} does not answer: no such host") from error
    family_and_address = min((f[0] != socket.AF_INET, f[4][0]) for f in found)
    return str(family_and_address[1])


def _why_not(attempt: Association, tls_failure: ssl.SSLError | None) -> str:
    if isinstance(tls_failure, ssl.SSLCertVerificationError):
        return f"shows a certificate that is not trusted: {tls_failure.verify_message}"
    if tls_failure is not None:
        return f"does not speak TLS as asked: {tls_failure.reason or 'the handshake failed'}"
    if attempt.is_rejected:
        return f"rejects the association: {attempt.acceptor.primitive.reason_str}"
    if attempt.acceptor.primitive is not None:
        return "accepts nothing of what is to be sent"
    return "does not answer"
