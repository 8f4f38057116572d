"""The table of settings and the example file say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from study.compat import tomllib
from study.settings import Settings, load_settings
from tests.deploy.compose import ROOT


def test_the_documents_are_those_of_todays_settings() -> None:
    script = str(ROOT / "deploy" / "settings_docs.py")
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_the_example_file_is_one_that_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / "kidray.toml.example").read_text().splitlines()
    switched_on = [line.removeprefix("# ") for line in lines if re.match(r"# (\w+ = |\[\[)", line)]
    text = "\n".join(switched_on)
    assert set(tomllib.loads(text)) == set(Settings.model_fields)

    (tmp_path / "kidray.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert str(settings.pacs[0]) == "PACS@10.0.0.5:104"
    assert settings.complete_on_release == ("MODALITY1", "MODALITY2")
    assert settings.web_login is not None
    assert settings.rules[0].calling_ae == ("NICU*",)
    assert (settings.policies[1].node.ae_title, settings.policies[1].when) == ("ARCHIVE", "signed")
