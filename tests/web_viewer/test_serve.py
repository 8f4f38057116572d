"""The web role as a process of its own: it says where it is, and it goes when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from study.redis_server import running_redis
from tests.peers import wait_for

ROLE = """
import json, sys
from pathlib import Path
from study.service import Service
from study.settings import Settings
from study.telemetry import configure_logs
from web_viewer.deps import services_of
from web_viewer.serve import serve

configure_logs("web")
settings = Settings(home=Path(sys.argv[1]), redis_url=sys.argv[2], web_port=0)
announce = lambda host, port: print(json.dumps([host, port]), flush=True)
serve(settings, services_of(Service.open(settings)), announce=announce)
"""


def test_the_role_ends_its_streams_and_exits_cleanly_when_told_to(tmp_path: Path):
    with running_redis(tmp_path / "redis") as url:
        process = subprocess.Popen(
            [sys.executable, "-c", ROLE, str(tmp_path), url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert process.stdout is not None
        host, port = json.loads(process.stdout.readline())
        lines: list[str] = []

        def listen() -> None:
            with httpx.stream("GET", f"http://{host}:{port}/api/events", timeout=20) as answer:
                lines.extend(answer.iter_lines())
            lines.append("ended")

        listener = threading.Thread(target=listen)
        listener.start()
        wait_for(lambda: lines, what="the greeting")
        assert httpx.get(f"http://{host}:{port}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        listener.join(5)
    assert process.returncode == 0, errors
    assert lines[-1] == "ended"  # not cut off: the reader would have raised
    events = [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]
    beside = {"worklist_known"}  # the worklist is read while the server starts: before or after
    assert [event for event in events if event not in beside] == ["web_listening", "web_stopped"], errors
    assert "ERROR" not in errors
