"""What is promised of the layout: no torch where it serves, a quick command line, pins that fit."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from study.compat import tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# What each role imports once it runs, its lazily imported parts included.
ROLES = {
    "receive": "cli, roles.node",
    "work": "cli, roles.worker, langchain_openai",
    "web": "cli, web_viewer.serve, web_viewer.app, inference.models",
    "llm": "reporting.server, xllamacpp",
    "up": "cli, study.up, roles.demo",
}
_WITHOUT_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "albumentations", "onnxscript"}:
            raise ImportError(f"{name} is not there when serving")
sys.meta_path.insert(0, Blocked())
"""
_HELP = """
import sys, cli
try:
    cli.app(["--help"])
except SystemExit as ended:
    assert not ended.code
print("IMPORTED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the tree and return what it printed."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_role_runs_where_torch_is_not_installed(role: str) -> None:
    done = run("-c", _WITHOUT_TORCH + f"import {ROLES[role]}")
    assert done.returncode == 0, done.stderr


def test_help_is_quick_and_imports_no_heavy_library() -> None:
    done = run("-c", _HELP)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.rpartition("IMPORTED")[2].split())
    heavy = {"torch", "highdicom", "langchain_core", "langchain_openai", "onnxruntime", "fastapi"}
    assert not imported & heavy

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run("-m", "cli", "--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time, not wall time: whatever else the machine does must not decide.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5


def commands() -> list[list[str]]:
    """Return every command of the command line, those within groups too."""
    import typer.main

    import cli

    found: list[list[str]] = []

    def walk(command: object, path: list[str]) -> None:
        found.append(path)
        for name, below in getattr(command, "commands", {}).items():
            walk(below, [*path, name])

    walk(typer.main.get_command(cli.app), [])
    return found


def test_every_command_has_help_that_says_what_it_does() -> None:
    from typer.testing import CliRunner

    import cli

    known = commands()
    promised = {"up", "receive", "work", "web", "segment", "phantom", "train", "evaluate", "export"}
    promised |= {"rebuild", "doctor", "alive", "send", "echo"}
    missing = [name for name in promised if [name] not in known]
    assert not missing
    for path in [["studies", each] for each in ("list", "show", "retry", "purge")]:
        assert path in known
    for path in known:
        shown = CliRunner().invoke(cli.app, [*path, "--help"])
        assert shown.exit_code == 0, path
        assert len(shown.output.split()) > 15, path


def test_help_loses_nothing_that_stands_in_brackets() -> None:
    """Rich takes `[word]` for markup and leaves it out."""
    from typer.testing import CliRunner

    import cli

    shown = {tuple(path): CliRunner().invoke(cli.app, [*path, "--help"]).output for path in commands()}
    for path, words in [("password", "[[users]]"), ("train", "kidray[train]"), ("up", "(.kidray)]")]:
        assert words in shown[path,]
    source = [ROOT / "cli.py", *ROOT.glob("*/*command*.py")]
    texts = [text for file in source for text in re.findall(r'help="([^"]*)"', file.read_text())]
    assert len(texts) > 100
    assert not [text for text in texts if "[" in text]


def test_the_version_is_the_installed_one() -> None:
    shown = run("-m", "cli", "--version")
    assert (shown.returncode, shown.stdout) == (0, f"kidray {PROJECT['version']}\n")


def test_without_redis_a_command_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path))
    monkeypatch.delenv("KIDRAY_REDIS_URL", raising=False)
    shown = run("-m", "cli", "studies", "list")
    assert (shown.returncode, shown.stderr.count("\n")) == (1, 1)
    assert "KIDRAY_HOME" in shown.stderr


def test_a_folder_that_cannot_be_written_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    shown = run("-m", "cli", "up", "--home", str(tmp_path / "file"))
    assert (shown.returncode, shown.stderr.count("\n")) == (1, 1)
    assert shown.stderr.startswith("kidray: Not a directory: ")


# Extras that are never beside the service: each has an environment, so pins, of its own.
OWN_PINS = {"finetune": "constraints-finetune.txt", "quantize": "constraints-finetune.txt"}
UNPINNED = {"vllm"}  # its own page tells which version was run


def pins_of(file: str) -> dict[str, str]:
    """Return what a file of constraints pins for this Python, by name."""
    lines = (ROOT / file).read_text().splitlines()
    pins = [Requirement(line) for line in lines if "==" in line and not line.startswith("#")]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    versions = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in here}
    assert len(versions) == len(here), f"{file} pins a package twice for one Python"
    return versions


def test_the_pinned_versions_are_those_that_the_project_asks_for() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = [("constraints.txt", each) for each in PROJECT["dependencies"]]
    for extra in extras.keys() - UNPINNED:
        asked += [(OWN_PINS.get(extra, "constraints.txt"), each) for each in extras[extra]]
    for file, each in asked:
        requirement = Requirement(each)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        pinned = pins_of(file).get(canonicalize_name(requirement.name))
        assert pinned is not None, f"{requirement.name} is not in {file}"
        assert requirement.specifier.contains(pinned), f"{requirement} and {pinned} in {file}"


def test_no_dependency_that_serves_is_under_the_gpl() -> None:
    from importlib.metadata import PackageNotFoundError, metadata

    for requirement in map(Requirement, PROJECT["dependencies"]):
        try:
            about = metadata(requirement.name)
        except PackageNotFoundError:
            continue
        classifiers = [each for each in about.get_all("Classifier") or [] if "License" in each]
        licence = " ".join([about.get("License-Expression") or "", *classifiers])
        assert "GPL" not in licence.replace("LGPL", ""), f"{requirement.name}: {licence}"


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_the_project_has(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


def test_the_benchmarks_say_what_they_measure() -> None:
    done = run("-m", "benchmarks", "--list")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("flow ") for line in lines)
    assert all(len(line.split()) > 4 for line in lines), done.stdout
