"""Receivers of reports: a FHIR server and an MLLP listener, each on a port of its own."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class
from pydantic import ValidationError

from tests.peers import free_port

FHIR_JSON = "application/fhir+json"


class FhirServer:
    """A FHIR server of few words: transactions of conditional updates, each resource validated.

    `held` has each resource by type and identifier; `fails` are HTTP statuses to answer next.
    """

    def __init__(self, version: str = "R5", token: str | None = None) -> None:
        self.held: dict[tuple[str, str], list[dict[str, Any]]] = {}  # every version of it, oldest first
        self.alone: list[dict[str, Any]] = []
        self.fails: list[int] = []
        self.delay = 0.0
        self._class = r5_class if version == "R5" else r4_class
        self._number = {"R5": "5.0.0", "R4": "4.0.1"}[version]
        self._token = token
        self.app = FastAPI()
        self.app.get("/fhir/metadata")(self._metadata)
        self.app.post("/fhir")(self._transaction)
        self.app.post("/fhir/{resource_type}")(self._create)

    def newest(self, resource_type: str) -> list[dict[str, Any]]:
        return [versions[-1] for (kind, _), versions in self.held.items() if kind == resource_type]

    async def _metadata(self) -> Response:
        return _json(200, {"resourceType": "CapabilityStatement", "fhirVersion": self._number})

    async def _transaction(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        bundle = await request.json()
        try:
            self._class("Bundle").model_validate(bundle)
            outcomes = [self._update(entry) for entry in bundle["entry"]]
        except (ValidationError, KeyError, ValueError) as error:
            return _outcome(422, "invariant", str(error))
        answer = {"resourceType": "Bundle", "type": "transaction-response"}
        return _json(200, {**answer, "entry": [{"response": {"status": o}} for o in outcomes]})

    async def _create(self, resource_type: str, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        resource = await request.json()
        self._class(resource_type).model_validate(resource)
        self.alone.append(resource)
        return Response(status_code=201)

    def _refusal(self, request: Request) -> Response | None:
        time.sleep(self.delay)
        if self._token is not None and request.headers.get("authorization") != f"Bearer {self._token}":
            return _outcome(401, "login", "who are you?")
        if not request.headers["content-type"].startswith(FHIR_JSON):
            return _outcome(415, "not-supported", "")
        return _outcome(self.fails.pop(0), "exception", "patient 4711 is unwell") if self.fails else None

    def _update(self, entry: dict[str, Any]) -> str:
        method, url = entry["request"]["method"], urlsplit(entry["request"]["url"])
        if method != "PUT" or "identifier" not in (asked := parse_qs(url.query)):
            raise ValueError(f"{method} {url.path} is not a conditional update")
        resource = entry["resource"]
        identifiers = [f"{i['system']}|{i['value']}" for i in resource["identifier"]]
        if asked["identifier"] != identifiers[:1] or resource["resourceType"] != url.path:
            raise ValueError("the resource is not the one that the condition names")
        versions = self.held.setdefault((url.path, identifiers[0]), [])
        versions.append(resource)
        return "201 Created" if len(versions) == 1 else "200 OK"


def _outcome(status: int, code: str, diagnostics: str) -> Response:
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    return _json(status, {"resourceType": "OperationOutcome", "issue": [issue]})


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status, media_type=FHIR_JSON)


class Authority:
    """A certificate for loopback that vouches for itself; receiver and sender show the same one."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "loopback.crt", folder / "loopback.key"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=loopback", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", self.key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )

    def server_context(self) -> ssl.SSLContext:
        """Return the context of a listener that asks for this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.certificate)
        context.load_cert_chain(self.certificate, self.key)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@contextmanager
def running(server: FhirServer, authority: Authority | None = None) -> Iterator[str]:
    """Serve, and yield the base URL."""
    port = free_port()
    tls: dict[str, Any] = {}
    if authority is not None:
        tls = {"ssl_certfile": str(authority.certificate), "ssl_keyfile": str(authority.key)}
    config = uvicorn.Config(server.app, host="127.0.0.1", port=port, log_level="error", lifespan="off", **tls)
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not serving.started and time.monotonic() < until:
        time.sleep(0.02)
    assert serving.started
    try:
        yield f"{'https' if authority else 'http'}://127.0.0.1:{port}/fhir"
    finally:
        serving.should_exit = True
        thread.join(60)


class _Conversation(socketserver.StreamRequestHandler):
    server: _Listening

    def handle(self) -> None:
        received = b""
        while not received.endswith(b"\x1c\r"):
            part = self.request.recv(65_536)
            if not part:
                return
            received += part
        message = received[1:-2].decode()
        self.server.messages.append(message)
        answer = self.server.answer(message)
        if answer is not None:
            self.wfile.write(b"\x0b" + answer.encode() + b"\x1c\r")


class _Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True
    messages: list[str]
    answer: Callable[[str], str | None]
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        peer, address = super().get_request()
        return (self.context.wrap_socket(peer, server_side=True) if self.context else peer), address

    def handle_error(self, *_: object) -> None:
        """Say nothing of a sender that hung up, or that TLS did not let in."""


class MllpListener:
    """An interface engine: keeps every message, and acknowledges it as `says` (code, error)."""

    def __init__(self, authority: Authority | None = None) -> None:
        self.says: list[tuple[str, str]] = []  # what to answer next; then AA
        self.control_id: str | None = None  # answered in place of the message's own
        self.silent = False
        self._server = _Listening(("127.0.0.1", 0), _Conversation)
        self._server.messages = self.messages = []
        self._server.answer = self._acknowledge
        self._server.context = authority.server_context() if authority else None
        self.url = f"{'mllps' if authority else 'mllp'}://127.0.0.1:{self._server.server_address[1]}"

    def _acknowledge(self, message: str) -> str | None:
        if self.silent:
            return None
        header = message.split("\r", maxsplit=1)[0].split("|")
        code, error = self.says.pop(0) if self.says else ("AA", "")
        lines = ["MSH|^~\\&|||KIDRAY||20260301||ACK^R01^ACK|1|P|2.5.1||||||UNICODE UTF-8"]
        lines.append(f"MSA|{code}|{self.control_id or header[9]}|patient 4711 is unwell")
        if error:
            lines.append(f"ERR|||{error}^said^HL70357|E")
        return "\r".join(lines) + "\r"

    def __enter__(self) -> MllpListener:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
