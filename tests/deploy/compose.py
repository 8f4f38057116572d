"""Read docker-compose.yml as Compose does, and run a role of it on this machine without containers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<how>:-|:\?)(?P<rest>[^}]*))?\}")


class MissingVariableError(Exception):
    """Raised when a variable that Compose requires is not set."""


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:
    """Return `value` with ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` replaced."""
    if isinstance(value, dict):
        return {k: interpolate(v, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolate(v, variables) for v in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> str:
        given = variables.get(match["name"], "")
        if not given and match["how"] == ":?":
            raise MissingVariableError(match["rest"])
        return given or (match["rest"] or "")

    return _VARIABLE.sub(found, value)


def services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services of docker-compose.yml, variables filled in."""
    return dict(interpolate(yaml.safe_load(FILE.read_text())["services"], variables))


def image_entrypoint() -> list[str]:
    """Return the ENTRYPOINT of the image."""
    match = re.search(r"^ENTRYPOINT (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)
    assert match is not None
    return list(yaml.safe_load(match[1]))


class Role:
    """A service of docker-compose.yml as processes of this machine.

    Parameters
    ----------
    service
        The service, variables filled in.
    places
        What stands in for a container's paths, hosts and ports: old text -> new text, applied to the
        command, the health check and every value of the environment.
    """

    def __init__(self, service: Mapping[str, Any], places: Mapping[str, str], log: Path) -> None:
        self._places = places
        self.command = self._placed([*service.get("entrypoint", image_entrypoint()), *service["command"]])
        self.check = self._placed(service["healthcheck"]["test"][1:])
        # Nothing of the caller's environment: what the role needs must be in the file.
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "HOME": "/tmp",
            **{k: self._placed([str(v)])[0] for k, v in service["environment"].items()},
        }
        self.log = log

    def _placed(self, words: Sequence[str]) -> list[str]:
        placed = list(words)
        for old, new in self._places.items():
            placed = [word.replace(old, new) for word in placed]
        return placed

    @contextmanager
    def running(self, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run the role while the block runs, then stop it as Compose does."""
        with (
            self.log.open("wb") as out,
            subprocess.Popen(self.command, env=self.environment, cwd=cwd, stdout=out, stderr=out) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()

    def is_healthy(self, cwd: Path) -> bool:
        """Run the health check once."""
        done = subprocess.run(
            self.check, env=self.environment, cwd=cwd, capture_output=True, timeout=30, check=False
        )
        return done.returncode == 0

    def wait_until_healthy(self, process: subprocess.Popen[bytes], cwd: Path, seconds: float = 60.0) -> None:
        """Return once the health check passes; fail when the role ends or is late."""
        until = time.monotonic() + seconds
        while not self.is_healthy(cwd):
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{self.command} is not healthy:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.5)
