"""Post an alert to a URL, signed as Standard Webhooks has it (standardwebhooks.com, version 1).

The signature is ``v1,`` and the base64 of an HMAC-SHA256 over ``id.timestamp.body``, so a receiver
knows who posted, that nothing was changed, and, by the time, that nothing old is played back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from reporting.alert_message import Naming, message_id, message_of
from reporting.http import within
from study import telemetry
from study.alerts import Due
from study.errors import DeliveryError, RefusedError
from study.model import StudyAlert, StudyRecord

DEADLINE = 10.0  # seconds for one post, whatever the receiver does meanwhile
_LATER = frozenset({408, 409, 425, 429})  # beside 5xx: another try may succeed
_BASE64 = "whsec_"  # what a secret in base64 begins with


class Webhook:
    """A channel that is told by POST.

    Parameters
    ----------
    url
        Where to; what it holds beyond the host may be a secret, and is neither logged nor recorded.
    secret
        That posts are signed with, as text or as ``whsec_`` and base64; None: they are not signed.
    naming
        What a post may name.
    deadline
        Seconds for one post.
    clock
        Gives the time with its zone.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        naming: Naming | None = None,
        deadline: float = DEADLINE,
        clock: Callable[[], datetime] = telemetry.now,
    ) -> None:
        self.name = webhook_name(url)
        self._url = url
        self._secret = secret
        self._naming = naming or Naming()
        self._deadline = deadline
        self._clock = clock

    def tell(self, record: StudyRecord, alert: StudyAlert, due: Due) -> None:
        """Post what is due.

        Raises
        ------
        RefusedError
            If the receiver says no in a way that another try does not change.
        DeliveryError
            If it does not answer, not in time, or is not able to just now.
        """
        at = self._clock()
        body = json.dumps(message_of(record, alert, due, at, self._naming), ensure_ascii=False).encode()
        headers = self._headers(message_id(record, alert, due), int(at.timestamp()), body)
        try:
            status = within(self._deadline, lambda: self._post(body, headers))
        except (asyncio.TimeoutError, httpx.TimeoutException) as error:
            raise DeliveryError(f"{self.name} does not answer: timed out") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise DeliveryError(f"{self.name} does not answer: {type(error).__name__}") from error
        if status in _LATER or status >= 500:
            raise DeliveryError(f"{self.name} could not take the alert (HTTP {status})")
        if not 200 <= status < 300:
            raise RefusedError(f"{self.name} refused the alert (HTTP {status})")

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """Return the status; what else is answered is not read."""
        client = httpx.AsyncClient(timeout=self._deadline, follow_redirects=False)
        async with client, client.stream("POST", self._url, content=body, headers=headers) as response:
            return response.status_code

    def _headers(self, told: str, timestamp: int, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Kidray",
            "webhook-id": told,
            "webhook-timestamp": str(timestamp),
        }
        if self._secret is not None:
            headers["webhook-signature"] = signature(self._secret, told, timestamp, body)
        return headers


def signature(secret: str, told: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header ``webhook-signature``.

    Parameters
    ----------
    secret
        As text or as ``whsec_`` and base64.
    told, timestamp
        Those of the headers ``webhook-id`` and ``webhook-timestamp`` (POSIX seconds).
    body
        What is posted, byte for byte.
    """
    signed = f"{told}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def webhook_name(url: str) -> str:
    """Return what a webhook is called: its host, and what tells it from another URL there."""
    return f"webhook {urlsplit(url).hostname} {hashlib.sha256(url.encode()).hexdigest()[:6]}"


def _key(secret: str) -> bytes:
    if secret.startswith(_BASE64):
        try:
            return base64.b64decode(secret.removeprefix(_BASE64), validate=True)
        except binascii.Error:
            pass  # it only begins like one
    return secret.encode()
