"""The ways in, put together from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from study.settings import Settings
from study.settings_file import FILE
from web_viewer.access import Doors
from web_viewer.identity import smart
from web_viewer.identity.openid import Client, Provider
from web_viewer.identity.passwords import Passwords
from web_viewer.identity.roll import Logins, Reader, Roll
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
    def of(cls, settings: Settings, *, logins: Reader | None = None) -> Identity:
        """Return the ways in that the settings open; nothing is asked of anybody yet.

        Parameters
        ----------
        logins
            Returns the logins as the settings' file says them when it has changed since.
        """
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
            Passwords(Roll(logins_of(settings), file=FILE, read=logins)),
            sessions,
            openid=openid is not None,
            secure=(settings.web_url or "").startswith("https:"),
        )
        return cls(doors, openid, launchers)


def logins_of(settings: Settings) -> Logins:
    """Return the logins with a password that the settings name."""
    return Logins.of(_plain(settings.web_login), settings.users)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
