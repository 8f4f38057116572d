"""An OpenID provider and a FHIR server that launches, both real servers with keys of their own."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.peers import wait_for
from web_viewer.serve import bound_socket

CLIENT_ID, CLIENT_SECRET = "kidray", "between-us"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider:
    """What a hospital's identity provider does, and as much of FHIR as a launch needs.

    Attributes
    ----------
    claims
        What it says of whoever logs in; a test may set anything.
    launch
        What the token response says beside the tokens.
    resources
        FHIR resources by their reference.
    asked
        The parameters of each authorization request.
    """

    def __init__(self) -> None:
        self.url = ""
        self.key = KEY
        self.claims: dict[str, Any] = {}
        self.launch: dict[str, Any] = {}
        self.resources: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, str]] = []
        self.tokens: list[str] = []  # everything secret that was handed out
        self._codes: dict[str, dict[str, str]] = {}

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/.well-known/openid-configuration")(self._configuration)
        app.get("/fhir/.well-known/smart-configuration")(self._configuration)
        app.get("/keys")(lambda: {"keys": [self.key.as_dict(private=False)]})
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)
        app.get("/fhir/{kind}/{name}")(self._read)
        return app

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/logout",
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> JSONResponse:
        form = {name: each[0] for name, each in parse_qs((await request.body()).decode()).items()}
        begun = self._codes.pop(form.get("code", ""), None)
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            .rstrip(b"=")
            .decode()
        )
        if (
            begun is None
            or base64.b64decode(given).decode() != f"{CLIENT_ID}:{CLIENT_SECRET}"
            or challenge != begun["code_challenge"]
            or form["redirect_uri"] != begun["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(24)
        token = self.id_token(begun["nonce"])
        self.tokens += [access, token]
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": token,
                **self.launch,
            }
        )

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        standard = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, {**standard, **self.claims}, self.key)

    def _read(self, request: Request, kind: str, name: str) -> JSONResponse:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({}, 401)
        found = self.resources.get(f"{kind}/{name}")
        return JSONResponse(found or {}, 200 if found else 404)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider on a port of its own."""
    provider = Provider()
    listener = bound_socket("127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(provider.app(), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_for(lambda: server.started, what="the provider")
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
