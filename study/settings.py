"""Settings from flags, `KIDRAY_*` and `kidray.toml`; built once, in the command line."""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from study.access import SECRETS, AccessSettings
from study.alert_settings import AlertSettings
from study.destination import Destination, DestinationPolicy
from study.endpoint import Endpoint, FhirVersion, fits_a_header
from study.errors import SettingsError
from study.model import Language
from study.rule import ModelChoice, Rule
from study.settings_file import settings_file

__all__ = ["Destination", "FetchBy", "Settings", "load_settings"]


FetchBy = Literal["any", "get", "move"]


class Settings(AlertSettings, AccessSettings):
    """Every setting of the service. The order of precedence: flag, environment, file, default."""

    model_config = SettingsConfigDict(
        env_prefix="KIDRAY_", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    home: Path = Path(".kidray")
    """Folder of the archive, the embedded Redis and the logs."""

    redis_url: str | None = None
    """A Redis 7 or Valkey; unset: an embedded one under the home folder."""

    dicom_host: str = "0.0.0.0"  # noqa: S104 - a DICOM node is there to be reached
    """Address on which the DICOM node listens."""

    dicom_port: Annotated[int, Field(ge=0, le=65535)] = 11112
    """Port of the DICOM node; 0 takes a free one."""

    dicom_tls_certificate: Path | None = None
    """PEM of the node's certificate and chain; set, the node listens for TLS on a second port."""

    dicom_tls_key: Annotated[Path | None, Field(validate_default=True)] = None
    """PEM of that certificate's private key."""

    dicom_tls_authorities: Path | None = None
    """PEM of the authorities whose certificate a TLS peer must show; unset: none is asked for."""

    dicom_tls_port: Annotated[int, Field(ge=0, le=65535)] = 2762
    """Port for TLS, where a certificate is set."""

    calling_ae_titles: Annotated[tuple[str, ...], NoDecode] = ()
    """AE titles that may call the node, by comma; unset: all."""

    dicom_processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that receive, on one port; limits on associations hold for each of them (Linux only)."""

    called_ae_titles: Annotated[tuple[str, ...], NoDecode] = ()
    """AE titles that the node may be called by beside its own, by comma; unset: all."""

    dicom_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks that connections are taken from beside loopback, as 10.1.0.0/16, by comma; unset: all."""

    most_associations: Annotated[int, Field(ge=1, le=250)] = 200
    """Associations at once; a further one is rejected as transient."""

    most_per_address: Annotated[int, Field(ge=1)] = 220
    """Connections at once from one address."""

    largest_message: Annotated[int, Field(ge=1)] = 512
    """MiB of one DICOM message; an association that sends more is aborted."""

    idle_timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds without anything sent, after which an association is aborted."""

    disk_reserve: Annotated[float, Field(ge=0)] = 0.5
    """GiB that stay free on the archive's disk; below, instances are refused as out of resources."""

    keep_days: Annotated[float, Field(gt=0)] | None = None
    """Days without a step after which a study leaves the archive, all its results delivered; unset: never."""

    keep_free: Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?%?$")] | None = None
    """GiB, or a share as 10%, that stay free on the disk: the oldest delivered studies leave for it."""

    most_waiting: Annotated[int, Field(ge=0)] = 5000
    """Jobs that may wait before instances are refused as out of resources; 0 for any number."""

    ae_title: Annotated[str, Field(min_length=1, max_length=16)] = "KIDRAY"
    """AE title of the node, called and calling."""

    web_host: str = "127.0.0.1"
    """Address of viewer and APIs; beyond loopback a login must be set."""

    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port of viewer and APIs; 0 takes a free one."""

    web_login: SecretStr | None = None
    """USER:PASSWORD asked for by viewer and APIs; required unless the address is loopback."""

    pacs: Annotated[tuple[Destination, ...], NoDecode] = ()
    """Where results go: AE@HOST:PORT, several by comma; unset: nowhere."""

    association_idle: Annotated[float, Field(ge=0)] = 10.0
    """Seconds that an association with a destination is kept open for the next result; 0: none is."""

    move_destinations: Annotated[tuple[Destination, ...], NoDecode] = ()
    """Whom a C-MOVE may name beside the PACS: AE@HOST:PORT, several by comma."""

    priors_from: Annotated[Destination | None, NoDecode] = None
    """PACS that the patient's earlier abdominal radiographs are fetched from for comparison: AE@HOST:PORT."""

    priors_by: FetchBy = "any"
    """How: get (C-GET), move (C-MOVE to our AE title, which the PACS has to know), or any."""

    fhir_url: str | None = None
    """Base URL of a FHIR server that signed reports go to; unset: none. More in `[[endpoints]]`."""

    fhir_version: FhirVersion = "R5"
    """FHIR version of that server, and of what the viewer exports: R5 or R4."""

    fhir_token: SecretStr | None = None
    """Bearer token that it asks for."""

    hl7: str | None = None
    """HOST:PORT of a receiver of HL7 v2 over MLLP that signed reports go to; unset: none."""

    patient_system: str = ""
    """Whose patient IDs they are (a URI). Set, FHIR and HL7 name the patient by ID; unset, not at all."""

    llm_url: str | None = None
    """An OpenAI-compatible server, its URL ending in /v1; unset: the embedded micro model."""

    llm_model: str = "snuh/hari-q3-14b"
    """The model asked for there; the embedded server takes any name."""

    llm_api_key: SecretStr = SecretStr("none")
    """The key that the LLM server asks for."""

    llm_timeout: Annotated[float, Field(gt=0)] = 20.0
    """Seconds for one wording; after that the template's stays."""

    language: Language = Language.ENGLISH
    """Language of drafts: en or ko."""

    quiet_period: Annotated[float, Field(ge=0)] = 10.0
    """Seconds without a further instance after which a study is complete."""

    complete_on_release: Annotated[tuple[str, ...], NoDecode] = ()
    """Calling AE titles whose studies are complete when the association ends, by comma; * for all."""

    model: Path | None = None
    """A model package, by name or folder; unset: what `kidray models use` chose, or the one that ships."""

    view_model: str = "shipped"
    """What judges by the pixels whether a radiograph is read: shipped, another view package, or none."""

    device: str = "cpu"
    """Where the network runs: cpu, or with PyTorch installed cuda, cuda:1 ..."""

    runtime: Literal["auto", "openvino", "onnxruntime"] = "auto"
    """What evaluates the network on the CPU; auto: OpenVINO where it is installed, else ONNX Runtime."""

    precision: Literal["fp32", "bf16", "int8"] = "fp32"
    """Arithmetic of the network; other than fp32 only with the package's parity certificate."""

    compile_network: bool = False
    """Whether PyTorch compiles the network: minutes at the start, faster ever after."""

    batch_window: Annotated[int, Field(ge=0, le=1000)] = 20
    """Milliseconds in which radiographs of several studies become one batch on CUDA; 0: none does."""

    seg_type: Literal["binary", "labelmap"] = "binary"
    """How a SEG holds its segments: binary, a frame each, which every reader knows; labelmap, one for all."""

    worker_threads: Annotated[int, Field(ge=1)] = 2
    """Jobs that one worker does at once."""

    max_age_years: Annotated[int, Field(ge=1)] = 18
    """Radiographs of patients older than this are not for the model."""

    rules: tuple[Rule, ...] = ()
    """What is for the model, asked before the built-in rules: `[[rules]]` tables, as JSON elsewhere."""

    models: tuple[ModelChoice, ...] = ()
    """Which model package reads which study, the first that fits: `[[models]]` tables, as JSON elsewhere."""

    destinations: tuple[DestinationPolicy, ...] = ()
    """Where results go, with what each place gets: `[[destinations]]` tables, as JSON elsewhere."""

    endpoints: Annotated[tuple[Endpoint, ...], Field(validate_default=True)] = ()
    """Who gets reports as FHIR or HL7, and which: `[[endpoints]]` tables, as JSON elsewhere."""

    @field_validator("pacs", "move_destinations", mode="before")
    @classmethod
    def _parse_pacs(cls, value: object) -> object:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)):
            return value
        return tuple(Destination.parse(i) if isinstance(i, str) else i for i in items if i)

    @field_validator("priors_from", mode="before")
    @classmethod
    def _parse_destination(cls, value: object) -> object:
        return (Destination.parse(value) if value else None) if isinstance(value, str) else value

    @field_validator("complete_on_release", "calling_ae_titles", "called_ae_titles", mode="before")
    @classmethod
    def _parse_titles(cls, value: object) -> object:
        return tuple(t.strip() for t in value.split(",") if t.strip()) if isinstance(value, str) else value

    @field_validator("dicom_networks", mode="before")
    @classmethod
    def _parse_networks(cls, value: object) -> object:
        return tuple(t.strip() for t in value.split(",") if t.strip()) if isinstance(value, str) else value

    @field_validator("keep_free", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, (int, float)) else value

    @field_validator("redis_url", mode="after")
    @classmethod
    def _check_redis_url(cls, value: str | None) -> str | None:
        if value and not _is_redis_url(value):
            raise ValueError("write it as redis://HOST:PORT/0")
        return value

    @field_validator("dicom_tls_key", mode="after")
    @classmethod
    def _check_key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("dicom_tls_certificate") is None):
            raise ValueError("TLS needs both a certificate and its key")
        return value

    @field_validator("destinations", mode="after")
    @classmethod
    def _check_destinations(
        cls, value: tuple[DestinationPolicy, ...], info: ValidationInfo
    ) -> tuple[DestinationPolicy, ...]:
        titles = [d.ae_title for d in info.data.get("pacs", ())] + [p.node.ae_title for p in value]
        twice = next((t for t in titles if titles.count(t) > 1), None)
        if twice is not None:
            raise ValueError(f"the AE title {twice} stands for two destinations; deliveries go by it")
        return value

    @field_validator("fhir_url", "hl7", mode="after")
    @classmethod
    def _check_receiver(cls, value: str | None, info: ValidationInfo) -> str | None:
        scheme = "mllp://" if info.field_name == "hl7" else ""
        kind = "HL7" if info.field_name == "hl7" else "FHIR"
        try:
            fits = value is None or Endpoint(name=kind, url=f"{scheme}{value}").kind == kind
        except ValidationError:
            fits = False
        if not fits:
            raise ValueError("write it as HOST:PORT" if kind == "HL7" else "write it as https://HOST/BASE")
        return value

    @field_validator("fhir_token", mode="after")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @field_validator("endpoints", mode="after")
    @classmethod
    def _check_endpoints(cls, value: tuple[Endpoint, ...], info: ValidationInfo) -> tuple[Endpoint, ...]:
        given = info.data
        names = [d.ae_title for d in given.get("pacs", ())]
        names += [each.name for each in (*given.get("destinations", ()), *value)]
        names += [name for setting, name in (("fhir_url", "FHIR"), ("hl7", "HL7")) if given.get(setting)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} stands for two places; deliveries go by it")
        return value

    @field_validator("web_login", mode="after")
    @classmethod
    def _check_login(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not all(value.get_secret_value().partition(":")[::2]):
            raise ValueError("write it as USER:PASSWORD")
        return value

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order of precedence."""
        return init_settings, env_settings, settings_file(settings_cls)

    def environment(self) -> dict[str, str]:
        """Return the settings as the `KIDRAY_*` that make another process see the same; no secrets."""
        values = self.model_dump(exclude={*SECRETS, "fhir_token", "endpoints"}, exclude_none=True)
        values |= self.access_environment() | self.alert_environment()
        values["pacs"] = ",".join(str(d) for d in self.pacs)
        values["move_destinations"] = ",".join(str(d) for d in self.move_destinations)
        if self.priors_from is not None:
            values["priors_from"] = str(self.priors_from)
        for name in ("complete_on_release", "calling_ae_titles", "called_ae_titles", "dicom_networks"):
            values[name] = ",".join(str(each) for each in getattr(self, name))
        for name in ("rules", "models", "destinations"):
            values[name] = json.dumps([table.model_dump(mode="json") for table in getattr(self, name)])
        return {f"KIDRAY_{name.upper()}": str(value) for name, value in values.items()}

    @property
    def policies(self) -> tuple[DestinationPolicy, ...]:
        """Every destination: those of `pacs`, which get what is usual, then those of `destinations`."""
        return (*(DestinationPolicy(node=node) for node in self.pacs), *self.destinations)

    @property
    def asks_for_login(self) -> bool:
        """Whether people log in: with a password, or at an OpenID provider."""
        return self.web_login is not None or bool(self.users) or self.oidc_issuer is not None

    @property
    def receivers(self) -> tuple[Endpoint, ...]:
        """Everyone who gets reports as FHIR or HL7: those of `fhir_url` and `hl7`, then `endpoints`."""
        short = []
        if self.fhir_url:
            short.append(
                Endpoint(
                    name="FHIR",
                    url=self.fhir_url,
                    fhir_version=self.fhir_version,
                    token=self.fhir_token,
                    patient_system=self.patient_system,
                )
            )
        if self.hl7:
            short.append(Endpoint(name="HL7", url=f"mllp://{self.hl7}", patient_system=self.patient_system))
        return (*short, *self.endpoints)

    @property
    def recipients(self) -> tuple[DestinationPolicy | Endpoint, ...]:
        """Everyone whom results or reports go to."""
        return (*self.policies, *self.receivers)

    @property
    def archive(self) -> Path:
        """Folder of the archive."""
        return self.home / "archive"

    @property
    def run(self) -> Path:
        """Folder of what a running service leaves for others: addresses, metrics."""
        return self.home / "run"


def load_settings(**flags: object) -> Settings:
    """Return the settings; a flag that is None counts as not given.

    Raises
    ------
    SettingsError
        If a value or the file is malformed, or the viewer would listen beyond loopback without a login.
    """
    try:
        settings = Settings(**{k: v for k, v in flags.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "KIDRAY_" + "_".join(str(p) for p in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from error
    if not settings.asks_for_login and not _is_loopback(settings.web_host):
        raise SettingsError(
            f"the viewer would listen on {settings.web_host}, which others can reach, without a login; "
            "set KIDRAY_WEB_LOGIN=USER:PASSWORD, KIDRAY_OIDC_ISSUER or KIDRAY_WEB_HOST=127.0.0.1"
        )
    if (settings.keep_days or settings.keep_free) and not settings.policies:
        raise SettingsError(
            "studies shall leave the archive by themselves, but no destination is set that could confirm "
            "what it was sent; set KIDRAY_PACS, or neither KIDRAY_KEEP_DAYS nor KIDRAY_KEEP_FREE"
        )
    return settings


def _is_redis_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("redis", "rediss", "unix") and "://" in value and parts.port != 0
    except ValueError:  # of a port that is no number
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
