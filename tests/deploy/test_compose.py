"""The compose file keeps to its specification, hardens every service, and its roles run as written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from study.settings import Settings
from tests.deploy.compose import DOCKERFILE, FILE, ROOT, MissingVariableError, Role, services
from tests.peers import free_port

LOGIN = "reader:correct horse"
VARIABLES = {"KIDRAY_WEB_LOGIN": LOGIN, "ORTHANC_PASSWORD": "battery staple"}
OURS = ("node", "worker", "web", "llm")  # those that this machine can run


@pytest.fixture(scope="module")
def compose() -> dict[str, dict[str, Any]]:
    return services(VARIABLES)


def places(tmp_path: Path, redis_url: str) -> dict[str, str]:
    """Return this machine's stand-ins for a container's paths, hosts and ports."""
    return {
        "/var/lib/kidray-metrics": str(tmp_path),
        "/var/lib/kidray": str(tmp_path),
        "redis://redis:6379/0": redis_url,
        "0.0.0.0": "127.0.0.1",
        "11112": str(free_port()),
        "8080": str(free_port()),
        "8000": str(free_port()),
    }


def test_the_file_keeps_to_the_compose_specification(tmp_path: Path) -> None:
    # The schema of the Compose Specification comes with check-jsonschema; nothing is downloaded.
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

    broken = tmp_path / "compose.yml"
    broken.write_text(FILE.read_text().replace("cap_drop:", "cap_dropped:"))
    done = subprocess.run([*command, str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, "the schema must refuse an unknown key"


def test_nothing_starts_before_a_login_is_set() -> None:
    with pytest.raises(MissingVariableError, match="KIDRAY_WEB_LOGIN"):
        services({"ORTHANC_PASSWORD": "x"})


def test_the_example_environment_names_every_variable_that_is_required() -> None:
    example = (ROOT / ".env.example").read_text()
    for name in VARIABLES:
        assert f"\n{name}=\n" in example


def test_every_image_is_pinned_to_a_version(compose: dict[str, dict[str, Any]]) -> None:
    for name, service in compose.items():
        _, _, tag = service["image"].rpartition(":")
        assert tag[:1].isdigit() or tag[:2] in {"v0", "v1"}, f"{name}: {service['image']}"


def test_every_service_runs_without_root_or_capabilities(compose: dict[str, dict[str, Any]]) -> None:
    for name, service in compose.items():
        user = str(service["user"]).split(":")[0]
        assert user.isdigit(), name
        assert int(user) != 0, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert service["mem_limit"].endswith("g"), name
        if name != "orthanc":
            assert service["read_only"] is True, name


def test_only_this_host_reaches_a_published_port_unless_asked(compose: dict[str, dict[str, Any]]) -> None:
    published = [port for service in compose.values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "ports" not in compose["redis"]
    assert compose["redis"]["networks"] == ["state"]


def test_every_setting_in_the_file_is_one_that_kidray_knows(compose: dict[str, dict[str, Any]]) -> None:
    known = {f"KIDRAY_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        given = {k for k in compose[name]["environment"] if k.startswith("KIDRAY_")}
        assert given <= known, name


def test_the_volumes_are_folders_that_the_image_gives_to_its_user(compose: dict[str, dict[str, Any]]) -> None:
    dockerfile = DOCKERFILE.read_text()
    for volume in compose["node"]["volumes"]:
        assert f" {volume.split(':')[1]}" in dockerfile.split("install --directory")[1]
    assert f"--uid {compose['node']['user'].split(':')[0]} " in dockerfile


@pytest.mark.parametrize("name", OURS)
def test_a_role_starts_by_its_own_command_and_passes_its_own_health_check(
    name: str, compose: dict[str, dict[str, Any]], tmp_path: Path, redis_url: str
) -> None:
    role = Role(compose[name], places(tmp_path, redis_url), tmp_path / "log")
    assert not role.is_healthy(tmp_path), "the check must fail while nothing runs"
    with role.running(tmp_path) as process:
        role.wait_until_healthy(process, tmp_path)
    # The web server, once it has ended in order, hands the signal on to its own process.
    assert process.returncode in {0, -signal.SIGTERM} if name == "web" else process.returncode == 0
    assert not role.is_healthy(tmp_path), "the check must fail once the role has stopped"


def test_the_viewer_refuses_to_start_without_a_login(
    compose: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    service = compose["web"]
    environment = {k: v for k, v in service["environment"].items() if k != "KIDRAY_WEB_LOGIN"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    environment = {**environment, "PATH": path, "KIDRAY_HOME": str(tmp_path)}
    done = subprocess.run(
        ["kidray", *service["command"]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "set KIDRAY_WEB_LOGIN" in done.stderr


def test_a_worker_that_is_told_to_use_a_gpu_says_so_where_there_is_none(
    compose: dict[str, dict[str, Any]], tmp_path: Path, redis_url: str
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    role = Role(compose["worker-gpu"], places(tmp_path, redis_url), tmp_path / "log")
    with role.running(tmp_path) as process:
        process.wait(90)
    assert process.returncode == 1
    said = role.log.read_text()
    assert "cannot be used on cuda" in said
    assert "Traceback" not in said
