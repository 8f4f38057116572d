"""Processes of several containers share one folder of metrics."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

COUNT = """
from study import telemetry
telemetry.JOBS.labels(job="segment", outcome="done").inc()
import os; print(os.getpid())
"""
SHOW = "from study import telemetry; print(telemetry.exposition().decode())"


def run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_counters_of_processes_add_up_and_outlive_them(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "when missing"
    run(COUNT, folder)
    run(COUNT, folder)
    assert 'kidray_jobs_total{job="segment",outcome="done"} 2.0' in run(SHOW, folder)


def test_processes_with_the_same_number_in_two_containers_do_not_meet(tmp_path: Path) -> None:
    pid = run(COUNT, tmp_path).strip()
    host = socket.gethostname().replace("_", "-")
    assert (tmp_path / f"counter_{host}-{pid}.db").exists()
