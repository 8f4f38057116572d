"""Who may do what at the viewer, as the settings say it: users, roles, and where logins come from."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from study.compat import StrEnum
from study.model import Frozen


class Role(StrEnum):
    """What somebody may do; whoever may sign may read."""

    READER = "reader"  # open studies, edit drafts, judge findings
    SIGNER = "signer"  # sign reports
    ADMIN = "admin"  # see how the service does, replay jobs


ALL_ROLES = frozenset(Role)
ROLES = ", ".join(Role)


class User(Frozen):
    """One `[[users]]` table: somebody who logs in with a password."""

    login: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^:\s]+$")]
    """What is typed as the user name."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\\=\n\t]+$")]
    """The person's name as it stands under a report (PS3.5 PN, such as Kim^Minji)."""

    password: Annotated[SecretStr, Field(min_length=1)]
    """The password's hash, from `kidray password`: never the password."""

    roles: tuple[Role, ...] = (Role.READER,)
    """Any of reader, signer, admin."""

    @field_validator("password", mode="after")
    @classmethod
    def _is_a_hash(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("$argon2id$"):
            raise ValueError("not a hash; `kidray password` makes one")
        return value


RoleMap = tuple[tuple[str, Role], ...]


class AccessSettings(BaseSettings):
    """The settings that decide who may ask for what."""

    model_config = SettingsConfigDict(
        env_prefix="KIDRAY_", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    web_url: str | None = None
    """Address that browsers reach the viewer by, such as https://kidray.hospital; unset: as they ask."""

    oidc_issuer: str | None = None
    """Issuer URL of the OpenID provider that people log in at; unset: none is asked."""

    oidc_client_id: str = "kidray"
    """What this service is called there."""

    oidc_client_secret: SecretStr | None = None
    """Its secret there; unset: a public client (PKCE is used either way)."""

    oidc_scopes: str = "openid profile"
    """Scopes asked for; the claim with the roles may need one of its own."""

    oidc_roles_claim: str = "roles"
    """Claim of the ID token that says what somebody may do; dots lead into objects (realm_access.roles)."""

    oidc_roles: Annotated[RoleMap, NoDecode] = ()
    """What its values mean, as VALUE=ROLE by comma; a value that is a role's own name needs none."""

    smart_issuers: Annotated[tuple[str, ...], NoDecode] = ()
    """FHIR servers that may launch the viewer (SMART App Launch), by comma; unset: none."""

    smart_client_id: str = "kidray"
    """What this service is called there."""

    smart_client_secret: SecretStr | None = None
    """Its secret there; unset: a public client."""

    smart_roles: Annotated[tuple[Role, ...], NoDecode] = (Role.READER,)
    """What somebody whom a FHIR server vouches for may do, beside what the roles claim says."""

    lock_after: Annotated[float, Field(ge=0)] = 15.0
    """Minutes without a key or a pointer's move after which the viewer locks; 0: never."""

    session_hours: Annotated[float, Field(gt=0)] = 12.0
    """Hours after which a login ends, however busy."""

    audit_syslog: str | None = None
    """Where audit records go beside their file: udp://, tcp:// or tls://HOST:PORT (RFC 5424)."""

    users: tuple[User, ...] = ()
    """Who logs in with a password, and what they may do: `[[users]]` tables, as JSON elsewhere."""

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _parse_roles_of(cls, value: object) -> object:
        if isinstance(value, dict):
            return tuple(value.items())
        if not isinstance(value, str):
            return value
        pairs = [each.rpartition("=") for each in value.split(",") if each.strip()]
        if not all(sign for _, sign, _ in pairs):
            raise ValueError("write it as VALUE=ROLE,VALUE=ROLE")
        return tuple((claim.strip(), role.strip()) for claim, _, role in pairs)

    @field_validator("smart_issuers", "smart_roles", mode="before")
    @classmethod
    def _parse_list(cls, value: object) -> object:
        return tuple(t.strip() for t in value.split(",") if t.strip()) if isinstance(value, str) else value

    @field_validator("web_url", "oidc_issuer", mode="after")
    @classmethod
    def _check_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else safe_url(value, strip=info.field_name == "web_url")

    @field_validator("smart_issuers", mode="after")
    @classmethod
    def _check_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(safe_url(each, strip=True) for each in value)

    @field_validator("audit_syslog", mode="after")
    @classmethod
    def _check_syslog(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "udp://x:1")
        if parts.scheme not in ("udp", "tcp", "tls") or not parts.hostname or not parts.port:
            raise ValueError("write it as udp://, tcp:// or tls://HOST:PORT")
        return value

    @field_validator("users", mode="after")
    @classmethod
    def _check_users(cls, value: tuple[User, ...]) -> tuple[User, ...]:
        logins = [user.login for user in value]
        twice = next((each for each in logins if logins.count(each) > 1), None)
        if twice is not None:
            raise ValueError(f"the login {twice} is there twice")
        return value

    def access_environment(self) -> dict[str, str]:
        """Return what `environment` cannot write by itself: lists, joined by comma."""
        return {
            "oidc_roles": ",".join(f"{claim}={role}" for claim, role in self.oidc_roles),
            "smart_issuers": ",".join(self.smart_issuers),
            "smart_roles": ",".join(self.smart_roles),
        }


SECRETS = frozenset(
    {"web_login", "llm_api_key", "oidc_client_secret", "smart_client_secret", "users", "alert_secret"}
)


def safe_url(value: str, *, strip: bool) -> str:
    """Return `value` if it is https, or http on this machine; `strip` takes a last slash away.

    Raises
    ------
    ValueError
        If it is neither.
    """
    parts = urlsplit(value)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ValueError("write it as https://HOST (http:// on this machine only)")
    return value.rstrip("/") if strip else value
