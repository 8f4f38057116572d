"""Who is told of a critical result, and when again, as the settings say it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Minutes = Annotated[float, Field(gt=0)]
SHORTEST_SECRET = 16  # characters


class AlertSettings(BaseSettings):
    """The settings of critical-result alerts."""

    model_config = SettingsConfigDict(
        env_prefix="KIDRAY_", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    alert_url: Annotated[tuple[str, ...], NoDecode] = ()
    """Where a critical result is posted to as JSON, several URLs by comma; unset: nowhere."""

    alert_secret: SecretStr | None = None
    """What the posts are signed with (Standard Webhooks, HMAC-SHA256); unset: they are not signed."""

    alert_accession: bool = False
    """Whether a post names the accession number; nothing else of the patient is ever in it."""

    escalate_after: Annotated[tuple[Minutes, ...], NoDecode] = (10.0,)
    """Minutes after which an alert that nobody acknowledged goes out again, several steps by comma."""

    @field_validator("alert_url", "escalate_after", mode="before")
    @classmethod
    def _parse_several(cls, value: object) -> object:
        if isinstance(value, (int, float)):
            return (value,)
        return tuple(t.strip() for t in value.split(",") if t.strip()) if isinstance(value, str) else value

    @field_validator("alert_url", mode="after")
    @classmethod
    def _are_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
                raise ValueError("write each as https://HOST/PATH or http://HOST/PATH")
        return tuple(dict.fromkeys(value))

    @field_validator("alert_secret", mode="after")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"a secret has at least {SHORTEST_SECRET} characters")
        return value

    @field_validator("escalate_after", mode="after")
    @classmethod
    def _ascend(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("each step comes later than the one before")
        return value

    @property
    def escalation(self) -> tuple[timedelta, ...]:
        """How long after the first call each step of escalation is due."""
        return tuple(timedelta(minutes=minutes) for minutes in self.escalate_after)

    def alert_environment(self) -> dict[str, str]:
        """Return what `environment` cannot write by itself: lists, joined by comma."""
        return {
            "alert_url": ",".join(self.alert_url),
            "escalate_after": ",".join(str(minutes) for minutes in self.escalate_after),
        }
