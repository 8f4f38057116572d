"""The Dockerfile can be built from what is in the tree, and its final images are small and rootless."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from study.compat import tomllib
from tests.deploy.compose import DOCKERFILE, ROOT, services

_INSTRUCTION = re.compile(r"^(?P<name>[A-Z]+)\s+(?P<rest>.*)$", re.DOTALL)


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = []
    for line in joined.splitlines():
        match = _INSTRUCTION.match(line)
        if match is not None:
            found.append((match["name"], " ".join(match["rest"].split())))
    return found


def stages() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return what each stage starts from, and its instructions."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    name = ""
    for instruction, rest in instructions():
        if instruction == "FROM":
            source, _, name = rest.partition(" AS ")
            found[name] = (source, [])
        elif name:
            found[name][1].append((instruction, rest))
    return found


def lineage(name: str) -> list[tuple[str, str]]:
    """Return the instructions that make the image of stage `name`, those it starts from first."""
    source, own = stages()[name]
    return [*(lineage(source) if source in stages() else []), *own]


def context_sources() -> list[str]:
    """Return every path that is copied from the build context."""
    copied = [rest.split() for name, rest in instructions() if name == "COPY" and "--from=" not in rest]
    return [source for words in copied for source in words[:-1]]


def test_everything_copied_is_in_the_tree_and_passes_the_ignore_file() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in context_sources():
        assert (ROOT / source).exists(), source
        assert Path(source).parts[0] in allowed, source


def test_every_room_of_the_wheel_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert set(rooms) <= {source.rstrip("/") for source in context_sources()}


def test_base_images_are_pinned_to_a_patch_release() -> None:
    for name, rest in instructions():
        if name == "ARG" and "_IMAGE=" in rest:
            assert re.search(r":\d+\.\d+\.\d+-", rest), rest


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_a_final_image_has_no_root_no_build_tools_and_a_health_check(target: str) -> None:
    steps = lineage(target)
    names = [name for name, _ in steps]
    users = [rest for name, rest in steps if name == "USER"]
    assert users, "a final image runs as root"
    assert users[-1].split(":")[0] not in {"0", "root"}
    assert "HEALTHCHECK" in names
    assert ("ENTRYPOINT", '["kidray"]') in steps
    ran = " ".join(rest for name, rest in steps if name == "RUN")
    for tool in ("gcc", "build-essential", "pip install", "npm", "curl"):
        assert tool not in ran, tool
    copied = [rest for name, rest in steps if name == "COPY"]
    assert copied == [f"--from=packages{'-gpu' if target == 'gpu' else ''} /opt/kidray /opt/kidray"]
    assert any("org.opencontainers.image.licenses=" in rest for name, rest in steps if name == "LABEL")


def test_the_image_without_a_target_is_the_one_for_the_cpu() -> None:
    assert list(stages())[-1] == "cpu"


def test_packages_are_installed_as_pinned() -> None:
    for stage in ("packages", "packages-gpu"):
        installs = [rest for name, rest in stages()[stage][1] if name == "RUN" and "pip install" in rest]
        assert installs
        assert all("--constraint /constraints.txt" in rest for rest in installs)


def test_the_build_tools_are_the_pinned_ones() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    ran = next(rest for name, rest in stages()["wheel"][1] if "hatchling" in rest)
    for pinned in re.findall(r'"([^"]+==[^"]+)"', ran):
        assert pinned in pins


def test_compose_builds_a_target_of_the_file() -> None:
    built = services({"KIDRAY_WEB_LOGIN": "a:b", "ORTHANC_PASSWORD": "c"})
    targets = {service["build"]["target"] for service in built.values() if "build" in service}
    assert targets <= set(stages()), json.dumps(sorted(targets))
