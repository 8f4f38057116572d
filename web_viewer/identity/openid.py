"""Log in at an OpenID provider: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636).

The provider's tokens are used once, here, and kept nowhere.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from study.errors import KidrayError

# Signatures by the provider's private key; never `none`, nor a key that both sides hold.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
TIMEOUT = 10.0  # seconds for an answer of the provider
LEEWAY = 60  # seconds by which clocks may differ
_KEYS_FOR = 3600.0  # seconds
_KEYS_AGAIN_AFTER = 30.0  # seconds; an unknown key is looked up again, but not by every request


class LoginError(KidrayError):
    """Raised when a login cannot be begun or is not accepted (401)."""


class ProviderError(KidrayError):
    """Raised when the provider cannot be asked, or answers what makes no sense (502)."""

    retryable = True


class Client(NamedTuple):
    """What this service is at a provider."""

    client_id: str
    secret: str | None
    scopes: str


class Departure(NamedTuple):
    """A login that begins: where the browser goes, and what its return has to fit."""

    address: str
    state: dict[str, str]


class Endpoints(NamedTuple):
    """Where a provider is asked for what."""

    authorization: str
    token: str
    keys: str
    issuer: str
    logout: str


class Provider:
    """An OpenID provider, its description and keys fetched when they are first needed.

    Parameters
    ----------
    issuer
        Its URL; the description lies below it.
    client
        What this service is there.
    document
        Path of the description below `issuer`.
    """

    def __init__(
        self, issuer: str, client: Client, *, document: str = "/.well-known/openid-configuration"
    ) -> None:
        self.issuer = issuer
        self._client = client
        self._document = issuer.rstrip("/") + document
        self._lock = threading.Lock()
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._keys_since = 0.0

    def depart(self, redirect_uri: str, *, extra: Mapping[str, str] | None = None) -> Departure:
        """Return where to send the browser.

        Parameters
        ----------
        redirect_uri
            Where the provider sends it back to.
        extra
            Further parameters, such as ``prompt``.

        Raises
        ------
        ProviderError
            If the provider cannot be asked.
        """
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        with self._oauth(redirect_uri) as oauth:
            address, state = oauth.create_authorization_url(
                self.endpoints().authorization, code_verifier=verifier, nonce=nonce, **(extra or {})
            )
        kept = {"state": state, "verifier": verifier, "nonce": nonce, "redirect_uri": redirect_uri}
        return Departure(address, kept)

    def redeem(self, kept: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return what the provider answers to the code that the browser came back with.

        Parameters
        ----------
        kept
            From `depart`.
        parameters
            Of the address that the browser came back to.

        Raises
        ------
        LoginError
            If the provider refused, or the return does not fit the departure.
        ProviderError
            If the provider cannot be asked.
        """
        if not secrets.compare_digest(parameters.get("state", ""), kept["state"]):
            raise LoginError("this is not the login that was begun here; begin again")
        if "error" in parameters or not parameters.get("code"):
            raise LoginError("the provider did not log you in")
        endpoints = self.endpoints()
        given = parameters.get("iss")  # RFC 9207: against mixing up two providers
        if given is not None and given.rstrip("/") != endpoints.issuer.rstrip("/"):
            raise LoginError("another provider answered than the one that was asked")
        try:
            with self._oauth(kept["redirect_uri"]) as oauth:
                token = oauth.fetch_token(
                    endpoints.token, code=parameters["code"], code_verifier=kept["verifier"]
                )
        except AuthlibBaseError as error:
            raise LoginError("the provider did not accept the login's code") from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderError(f"{self.issuer} does not answer ({type(error).__name__})") from error
        return dict(token)

    def claims(self, id_token: object, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token whose signature, issuer, audience, time and nonce fit.

        Raises
        ------
        LoginError
            If one of them does not (OpenID Connect Core section 3.1.3.7).
        """
        if not isinstance(id_token, str):
            raise LoginError("the provider sent no ID token; ask it for the scope openid")
        try:
            token = self._decoded(id_token)
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self.endpoints().issuer},
                aud={"essential": True, "value": self._client.client_id},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)
        except (JoseError, ValueError) as error:
            raise LoginError(f"the provider's ID token is not accepted ({type(error).__name__})") from error
        azp = token.claims.get("azp")
        if azp is not None and azp != self._client.client_id:
            raise LoginError("the provider's ID token was made for somebody else")
        return dict(token.claims)

    def endpoints(self) -> Endpoints:
        """Return where the provider is asked for what; fetched once.

        Raises
        ------
        ProviderError
            If its description cannot be had, or is another's.
        """
        with self._lock:
            if self._endpoints is None:
                self._endpoints = self._described(fetched(self._document))
            return self._endpoints

    def _described(self, told: Mapping[str, Any]) -> Endpoints:
        issuer = str(told.get("issuer") or self.issuer)
        if self._document.endswith("openid-configuration") and issuer.rstrip("/") != self.issuer.rstrip("/"):
            raise ProviderError(f"{self._document} describes another issuer")
        try:
            return Endpoints(
                str(told["authorization_endpoint"]),
                str(told["token_endpoint"]),
                str(told.get("jwks_uri", "")),
                issuer,
                str(told.get("end_session_endpoint", "")),
            )
        except KeyError as error:
            raise ProviderError(f"{self._document} names no {error.args[0]}") from error

    def _decoded(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._key_set(0.0), algorithms=ALGORITHMS)
        except (JoseError, ValueError):  # signed with a key that is newer than what we hold, perhaps
            return jwt.decode(id_token, self._key_set(_KEYS_AGAIN_AFTER), algorithms=ALGORITHMS)

    def _key_set(self, fresher_than: float) -> KeySet:
        """Return the provider's keys, fetched again where those held are old.

        Parameters
        ----------
        fresher_than
            Seconds of age from which they are fetched again; 0: an hour.
        """
        address = self.endpoints().keys
        with self._lock:
            age = time.monotonic() - self._keys_since
            if self._keys is None or age > (fresher_than or _KEYS_FOR):
                self._keys = KeySet.import_key_set(fetched(address))  # type: ignore[arg-type]
                self._keys_since = time.monotonic()
            return self._keys

    def _oauth(self, redirect_uri: str) -> Any:
        return OAuth2Client(
            self._client.client_id,
            self._client.secret,
            scope=self._client.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._client.secret else "none",
            timeout=TIMEOUT,
        )


def fetched(address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON object at `address`.

    Raises
    ------
    ProviderError
        If there is none.
    """
    try:
        answer = httpx.get(
            address, timeout=TIMEOUT, headers={"Accept": "application/json", **(headers or {})}
        )
        answer.raise_for_status()
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderError(f"{address} does not answer as it should ({type(error).__name__})") from error
    if not isinstance(told, dict):
        raise ProviderError(f"{address} does not answer as it should")
    return told
