"""The whole service as a user runs it: `kidray up` as a process, on free ports, in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.peers import free_port, wait_for

KIDRAY = Path(sys.executable).with_name("kidray")


class RunningService:
    """A service under test.

    Parameters
    ----------
    home
        Its folder.
    settings
        Settings as in the environment, without their prefix, such as ``pacs``.
    """

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        self.dicom_port, self.web_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("KIDRAY_")},
            "KIDRAY_HOME": str(home),
            "KIDRAY_DICOM_PORT": str(self.dicom_port),
            "KIDRAY_WEB_PORT": str(self.web_port),
            "KIDRAY_COMPLETE_ON_RELEASE": "*",
            **{f"KIDRAY_{k.upper()}": str(v) for k, v in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RunningService:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> None:
        """Start it, and return when it is ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.output = self.home / "up.out"
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [str(KIDRAY), "up"], stdout=output, stderr=output, env=self._environment, cwd=self.home
            )
        wait_for(self._ready, seconds=180, what="the line 'ready'")

    def kill(self) -> None:
        """Kill the supervisor; what it started is left to itself."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()

    def stop(self) -> int:
        """Stop it with SIGTERM and return its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def cli(self, *arguments: str, ok: bool = True) -> str:
        """Run another `kidray` command on the same home; return what it printed."""
        done = subprocess.run(
            [str(KIDRAY), *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            check=False,
            cwd=self.home,
            timeout=60,
        )
        assert not ok or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def study(self, study_uid: str) -> dict[str, Any] | None:
        """Return what the API says of a study; None while it says nothing."""
        answer = self.client.get(f"/api/studies/{study_uid}")
        return answer.json() if answer.status_code == 200 else None

    def wait_until(self, study_uid: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """Return the study once it is in one of `states`."""

        def there() -> dict[str, Any] | None:
            study = self.study(study_uid)
            if study is not None and study["state"] == "failed" and "failed" not in states:
                raise AssertionError(f"the study failed: {study['reason']}\n{self.log('work')[-3000:]}")
            return study if study is not None and study["state"] in states else None

        return wait_for(there, seconds=seconds, what=f"state {' or '.join(states)} of {study_uid}")

    def log(self, role: str) -> str:
        """Return what a role has logged so far."""
        return (self.home / "logs" / f"{role}.log").read_text()

    def events(self, role: str, name: str) -> list[Mapping[str, Any]]:
        """Return the structured log lines of that event."""
        lines = (line for line in self.log(role).splitlines() if line.startswith("{"))
        return [entry for entry in map(json.loads, lines) if entry["event"] == name]

    def pid(self, role: str) -> int:
        """Return the process ID of a role."""
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children():
            try:
                line = child.cmdline()
            except psutil.Error:
                continue  # it has just ended
            if (
                line[-1:] == [role]
                or (role == "redis" and "redis.sock" in " ".join(line))
                or (role == "llm" and "reporting.server" in line)
            ):
                return child.pid
        raise AssertionError(f"no process of role {role}")

    def copy_archive(self, to: Path) -> None:
        """Copy the archive for looking into."""
        shutil.copytree(self.home / "archive", to)

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.output.read_text()
        return "ready" in self.output.read_text()
