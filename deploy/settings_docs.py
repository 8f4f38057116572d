"""Write the table of settings in docs/operation.md, and kidray.toml.example, from `study.settings`.

Run as `python deploy/settings_docs.py`; with `--check` it writes nothing and fails where they are old.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pydantic import SecretStr  # noqa: E402
from pydantic.fields import FieldInfo  # noqa: E402

from study.settings import Settings  # noqa: E402

PAGE = ROOT / "docs" / "operation.md"
EXAMPLE = ROOT / "kidray.toml.example"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
EXAMPLES = {
    "keep_days": 90,
    "keep_free": "10%",
    "redis_url": "redis://redis.hospital:6379/0",
    "web_login": "reader:choose-a-long-one",
    "pacs": "PACS@10.0.0.5:104",
    "priors_from": "PACS@10.0.0.5:104",
    "move_destinations": "WORKSTATION@10.0.0.7:11112",
    "fhir_url": "https://fhir.hospital/r5",
    "fhir_token": "the-token-that-it-asks-for",
    "hl7": "10.0.0.8:2575",
    "patient_system": "urn:oid:1.2.410.100110.10.1",
    "llm_url": "http://llm.hospital:8000/v1",
    "complete_on_release": "MODALITY1,MODALITY2",
    "dicom_tls_certificate": "/etc/kidray/node.crt",
    "dicom_tls_key": "/etc/kidray/node.key",
    "dicom_tls_authorities": "/etc/kidray/authorities.crt",
    "calling_ae_titles": "MODALITY1,PACS",
    "called_ae_titles": "KIDRAY2",
    "dicom_networks": "10.1.0.0/16,10.2.0.5",
    "model": "kidray-unet-0.2.0",
    "web_url": "https://kidray.hospital",
    "oidc_issuer": "https://login.hospital/realms/staff",
    "oidc_client_secret": "from-the-provider",
    "oidc_roles": "Radiologists=signer,Residents=reader,PACS-Admins=admin",
    "smart_issuers": "https://ehr.hospital/fhir",
    "smart_client_secret": "from-the-FHIR-server",
    "alert_url": "https://paging.hospital/kidray,https://chat.hospital/hooks/radiology",
    "alert_secret": "a-secret-that-the-receiver-knows-too",
    "audit_syslog": "tls://audit.hospital:6514",
}
# Settings that are tables; in the file they stand last, for what follows a table belongs to it.
TABLES = {
    "rules": """\
[[rules]]
name = "infants of the NICU, chest and abdomen on one film"
then = "read"
calling_ae = ["NICU*"]
body_part = ["CHEST", "ABDOMEN"]
max_age_years = 1""",
    "models": """\
[[models]]
model = "kidray-unet-nicu"
calling_ae = ["NICU*"]
max_age_years = 0

[[models]]
model = "kidray-unet-next"
shadow = true""",
    "destinations": """\
[[destinations]]
node = "ARCHIVE@10.0.0.6:104"
gets = ["SEG", "SR", "REPORT"]
when = "signed"
transfer_syntaxes = ["1.2.840.10008.1.2.1"]""",
    "endpoints": """\
[[endpoints]]
name = "EMR"
url = "mllps://engine.hospital:2575"
gets = ["REPORT", "ALERT"]
patient_system = "HOSPITAL"
pdf = true""",
    "users": """\
[[users]]
login = "mkim"
name = "Kim^Minji"
password = "$argon2id$v=19$..."
roles = ["signer", "admin"]""",
}


def default(field: FieldInfo) -> str | int | float | None:
    """Return the default as a person would write it; None where the setting is unset."""
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == ():
        return None
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, (int, float)) else str(value)


def fields() -> dict[str, FieldInfo]:
    """Return the settings: those of the whole service, then those of who may ask for what."""
    own = [name for name in Settings.__annotations__ if name in Settings.model_fields]
    return {name: Settings.model_fields[name] for name in (*own, *Settings.model_fields)}


def table() -> str:
    """Return the settings as a Markdown table."""
    rows = ["| variable | default | what |", "|---|---|---|"]
    for name, field in fields().items():
        value = default(field)
        shown = "" if value is None else f"`{value}`"
        rows.append(f"| `KIDRAY_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)


def example() -> str:
    """Return a documented kidray.toml in which everything has its default."""
    lines = [
        "# Settings of Kidray, read from the folder that it is started in, as kidray.toml.",
        "# A flag of the command line wins over KIDRAY_... in the environment, which wins over this file.",
        "# Every line that is commented out shows the default, or an example where there is none.",
    ]
    for name, field in fields().items():
        if name in TABLES:
            continue
        value = default(field)
        written = EXAMPLES[name] if value is None else value
        quoted = str(written).lower() if isinstance(written, (int, float)) else f'"{written}"'
        lines += ["", f"# {field.description}", f"# {name} = {quoted}"]
    for name, table in TABLES.items():
        lines += ["", f"# {Settings.model_fields[name].description}"]
        lines += [f"# {line}".rstrip() for line in table.splitlines()]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return docs/operation.md with the table of today's settings."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write both files, or tell which is old."""
    wanted = {PAGE: page(), EXAMPLE: example()}
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in old:
            print(f"{path.relative_to(ROOT)} is old; run python deploy/settings_docs.py", file=sys.stderr)
        return 1 if old else 0
    for path in old:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
