"""DICOM over TLS, with DCMTK and OpenSSL on the other side."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import ValidationError

from dicom_node.echo import echo
from dicom_node.guard import Limits
from dicom_node.receive import Encrypted, Receiver
from dicom_node.send import send_objects
from dicom_node.tls import client_context, server_context
from study.archive import InstanceReference
from study.destination import Destination, DestinationPolicy, Tls
from study.errors import DeliveryError, SettingsError
from study.settings import load_settings
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import dcmtk, free_port, listens, wait_for

pytestmark = pytest.mark.peer


class Identity(NamedTuple):
    certificate: Path
    key: Path


def made(folder: Path, name: str) -> Identity:
    """Return a certificate that vouches for itself, for 127.0.0.1."""
    identity = Identity(folder / f"{name}.crt", folder / f"{name}.key")
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                f"/CN={name}",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", identity.key, "-out", identity.certificate),
        ],
        check=True,
        capture_output=True,
    )
    return identity


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Identity]:
    folder = tmp_path_factory.mktemp("certificates")
    return {name: made(folder, name) for name in ("node", "modality", "stranger")}


@pytest.fixture
def node(intake, identities) -> Iterator[Receiver]:
    context = server_context(*identities["node"], peers=identities["modality"].certificate)
    receiver = Receiver(
        intake,
        ae_title="KIDRAY",
        host="127.0.0.1",
        port=0,
        limits=Limits(request_seconds=1.5),
        encrypted=Encrypted(0, context),
    )
    receiver.start()
    yield receiver
    receiver.stop(grace=2)


def sent(receiver: Receiver, file: Path, own: Identity, node: Identity, *, ok: bool = True) -> str:
    return dcmtk(
        *("storescu", "-v", "-aec", "KIDRAY", "+tls", own.key, own.certificate, "+cf", node.certificate),
        *("127.0.0.1", receiver.tls_port, file),
        ok=ok,
    )


def test_a_peer_with_its_certificate_stores_over_tls(
    node, identities, archive, a_radiograph, a_file, log_lines
) -> None:
    printed = sent(node, a_file, identities["modality"], identities["node"])
    assert "Received Store Response (Success)" in printed
    kept = archive.path(InstanceReference.of(a_radiograph))
    assert dataset_bytes(kept) == dataset_bytes(a_file)


def test_a_peer_with_another_certificate_is_refused(node, identities, archive, a_file, log_lines) -> None:
    assert "Success" not in sent(node, a_file, identities["stranger"], identities["node"], ok=False)
    wait_for(lambda: "tls_refused" in {x["event"] for x in log_lines}, what="the log line")
    assert list(archive.root.rglob("*.dcm")) == []


def test_the_plain_port_is_there_beside_it(node, a_file) -> None:
    printed = dcmtk("storescu", "-v", "-aec", "KIDRAY", "127.0.0.1", node.port, a_file)
    assert "Received Store Response (Success)" in printed


def test_a_peer_that_never_shakes_hands_holds_up_nobody(node, identities, a_file, log_lines) -> None:
    with socket.create_connection(("127.0.0.1", node.tls_port)) as silent:
        printed = sent(node, a_file, identities["modality"], identities["node"])
        assert "Received Store Response (Success)" in printed
        silent.settimeout(5)
        assert silent.recv(1) == b""


def test_a_peer_that_speaks_plainly_to_the_tls_port_is_refused(node, a_file, log_lines) -> None:
    printed = dcmtk("storescu", "-v", "-aec", "KIDRAY", "127.0.0.1", node.tls_port, a_file, ok=False)
    assert "Success" not in printed
    wait_for(lambda: "tls_refused" in {x["event"] for x in log_lines}, what="the log line")


@pytest.mark.parametrize(
    ("version", "cipher", "accepted"),
    [
        (ssl.TLSVersion.TLSv1_1, None, False),
        (ssl.TLSVersion.TLSv1_2, None, True),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA256", False),  # no forward secrecy
        (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA256", False),  # CBC
        (ssl.TLSVersion.TLSv1_3, None, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_only_bcp_195_versions_and_ciphers_are_spoken(
    version, cipher, accepted, node, identities, log_lines
) -> None:
    context = ssl.create_default_context(cafile=str(identities["node"].certificate))
    context.load_cert_chain(*identities["modality"])
    context.minimum_version = min(version, ssl.TLSVersion.TLSv1_2)
    context.maximum_version = version
    context.minimum_version = version
    if version is ssl.TLSVersion.TLSv1_1:
        context.set_ciphers("ALL:@SECLEVEL=0")
    elif cipher:
        context.set_ciphers(cipher)
    with socket.create_connection(("127.0.0.1", node.tls_port)) as plain:
        if accepted:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
                assert encrypted.version() == version.name.replace("v1_", "v1.")
        else:
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_certificate_that_cannot_be_used_is_an_error_in_words(identities, tmp_path) -> None:
    with pytest.raises(SettingsError, match=r"missing.crt with its key .* cannot be used: No such file"):
        server_context(tmp_path / "missing.crt", identities["node"].key)
    with pytest.raises(SettingsError, match="cannot be used"):
        server_context(identities["node"].certificate, identities["stranger"].key)
    with pytest.raises(SettingsError, match=r"authorities .*missing.crt cannot be used: No such file"):
        client_context(Tls("", tmp_path / "missing.crt"))


@pytest.fixture
def pacs(tmp_path, identities) -> Iterator[tuple[Destination, Path]]:
    """DCMTK's storescp over TLS: it asks for a certificate of the modality's."""
    port, folder = free_port(), tmp_path / "pacs"
    folder.mkdir()
    own, ours = identities["node"], identities["modality"]
    command = ["storescp", "+tls", own.key, own.certificate, "+cf", ours.certificate, "-od", folder, port]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: listens(port), what="storescp")
        yield Destination("PACS", "127.0.0.1", port), folder
        process.terminate()


def over_tls(
    destination: Destination, identities, *, trusted: str = "node", own: str = "modality"
) -> Destination:
    return destination._replace(tls=Tls("", identities[trusted].certificate, *identities[own]))


def test_results_go_over_tls_to_a_destination_that_asks_for_a_certificate(pacs, identities, a_file) -> None:
    destination, folder = pacs
    (result,) = send_objects(over_tls(destination, identities), [a_file], calling_ae_title="KIDRAY")
    assert result.sent
    assert len(list(folder.iterdir())) == 1


def test_a_destination_with_a_certificate_that_is_not_trusted_gets_nothing(pacs, identities, a_file) -> None:
    destination, folder = pacs
    with pytest.raises(DeliveryError, match="shows a certificate that is not trusted: self-signed") as caught:
        send_objects(
            over_tls(destination, identities, trusted="stranger"), [a_file], calling_ae_title="KIDRAY"
        )
    assert caught.value.retryable
    assert list(folder.iterdir()) == []


def test_a_certificate_has_to_bear_the_name_that_is_asked_for(pacs, identities, a_file) -> None:
    named = pacs[0]._replace(tls=Tls("pacs.hospital.example", identities["node"].certificate))
    with pytest.raises(DeliveryError, match="not trusted: Hostname mismatch"):
        send_objects(named, [a_file], calling_ae_title="KIDRAY")


def test_an_echo_finds_a_node_like_ours_over_tls(node, identities) -> None:
    destination = Destination("KIDRAY", "127.0.0.1", node.tls_port)
    assert echo(over_tls(destination, identities), calling_ae_title="TESTS") < 5
    plain = Destination("KIDRAY", "127.0.0.1", node.port)
    with pytest.raises(DeliveryError, match=r"does not (speak TLS as asked|answer)"):
        echo(over_tls(plain, identities), calling_ae_title="TESTS", timeout=2.0)


def test_a_destinations_table_says_how_tls_is_spoken(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kidray.toml").write_text(
        '[[destinations]]\nnode = "PACS@10.0.0.1:2762"\ntls = true\n'
        'tls_authorities = "hospital.crt"\ntls_certificate = "our.crt"\ntls_key = "our.key"\n'
    )
    settings = load_settings()
    tls = Tls("", Path("hospital.crt"), Path("our.crt"), Path("our.key"))
    assert [policy.node.tls for policy in settings.policies] == [tls]
    (tmp_path / "kidray.toml").unlink()
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings().policies == settings.policies, "every role speaks to it so"


def test_a_certificate_without_its_key_or_without_tls_is_refused_at_the_start() -> None:
    node = Destination("PACS", "127.0.0.1", 2762)
    with pytest.raises(ValidationError, match="both a certificate and its key"):
        DestinationPolicy(node=node, tls=True, tls_certificate=Path("our.crt"))
    with pytest.raises(ValidationError, match="say tls = true"):
        DestinationPolicy(node=node, tls_authorities=Path("hospital.crt"))
