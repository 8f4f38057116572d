"""The ways in, put together from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from study.settings import Settings
from web_viewer.access import Doors
from web_viewer.identity import smart
from web_viewer.identity.openid import Client, Provider
from web_viewer.identity.passwords import Passwords
from web_viewer.identity.sessions import Sessions

_GRACE = 120.0  # seconds: the viewer locks by itself, and says so, before the service forgets


@dataclass(frozen=True)
class Identity:
    """Who may come in, and by which way.

    Attributes
    ----------
    openid
        The provider that people log in at; None where there is none.
    launchers
        FHIR servers that may launch the viewer, by their URL.
    """

    doors: Doors
    openid: Provider | None
    launchers: dict[str, Provider]

    @classmethod
    def of(cls, settings: Settings) -> Identity:
        """Return the ways in that the settings open; nothing is asked of anybody yet."""
        shared = _plain(settings.web_login)
        sessions = Sessions(
            settings.home / "sessions",
            longest=settings.session_hours * 3600,
            idle=settings.lock_after * 60 + _GRACE if settings.lock_after else 0.0,
        )
        openid = None
        if settings.oidc_issuer is not None:
            secret = _plain(settings.oidc_client_secret)
            client = Client(settings.oidc_client_id, secret, settings.oidc_scopes)
            openid = Provider(settings.oidc_issuer, client)
        client = Client(settings.smart_client_id, _plain(settings.smart_client_secret), smart.SCOPES)
        launchers = {
            issuer: Provider(issuer, client, document=smart.CONFIGURATION)
            for issuer in settings.smart_issuers
        }
        doors = Doors(
            Passwords(shared, settings.users),
            sessions,
            openid=openid is not None,
            secure=(settings.web_url or "").startswith("https:"),
        )
        return cls(doors, openid, launchers)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
