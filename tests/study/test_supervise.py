from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from study.errors import SettingsError
from study.supervise import Role, RoleFailedError, Supervisor
from study.up import free_port, only_one

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def wait_for(condition, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_a_role_that_is_killed_is_started_again(tmp_path: Path):
    supervisor = Supervisor(tmp_path)
    try:
        supervisor.start([Role("sleeper", SLEEPER, lambda: True)])
        first = supervisor.pids()["sleeper"]
        os.kill(first, signal.SIGKILL)

        def again() -> bool:
            supervisor.watch()
            return supervisor.pids()["sleeper"] != first

        wait_for(again)
    finally:
        supervisor.stop()


def test_stopping_leaves_no_process_behind(tmp_path: Path):
    supervisor = Supervisor(tmp_path)
    supervisor.start([Role(name, SLEEPER, lambda: True) for name in ("one", "two")])
    pids = list(supervisor.pids().values())
    supervisor.stop()
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_a_role_that_ends_at_its_start_is_named_with_its_log(tmp_path: Path):
    supervisor = Supervisor(tmp_path)
    broken = Role("broken", [sys.executable, "-c", "raise SystemExit('no model')"], lambda: False)
    with pytest.raises(RoleFailedError, match=r"'broken' ended with 1 at its start; see .*broken\.log"):
        supervisor.start([broken])
    assert "no model" in (tmp_path / "broken.log").read_text()
    supervisor.stop()


def test_a_role_that_is_not_required_may_be_missing(tmp_path: Path):
    supervisor = Supervisor(tmp_path)
    supervisor.start([Role("extra", [sys.executable, "-c", "pass"], lambda: False, required=False)])
    supervisor.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_roles_end_with_a_supervisor_that_is_killed(tmp_path: Path):
    script = (
        "import sys, time; from pathlib import Path; from study.supervise import Role, Supervisor\n"
        "s = Supervisor(Path(sys.argv[1]))\n"
        "s.start([Role('r', [sys.executable, '-c', 'import time; time.sleep(600)'], lambda: True)])\n"
        "print(s.pids()['r'], flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        wait_for(lambda: not psutil.pid_exists(child))


def test_two_services_never_share_a_home(tmp_path: Path):
    with only_one(tmp_path), pytest.raises(SettingsError, match="another Kidray runs"), only_one(tmp_path):
        pass


def test_the_home_of_a_killed_service_is_free_once_its_last_role_has_ended(tmp_path: Path):
    script = """
import sys, time
from pathlib import Path
from study.supervise import Role, Supervisor
from study.up import only_one
home = Path(sys.argv[1])
slow = [sys.executable, "-c",
        "import signal, time; signal.signal(15, lambda *_: None); print('up', flush=True); time.sleep(2);"
        "open(%r, 'w').close(); time.sleep(0.5)" % str(home / "ended")]
with only_one(home) as hold:
    supervisor = Supervisor(home / "logs", keeps=[hold])
    supervisor.start([Role("slow", slow, lambda: (home / "logs" / "slow.log").read_text() == "up\\n")])
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "ready\n"
        service.kill()
    with only_one(tmp_path):
        assert (tmp_path / "ended").exists(), "two services on one folder"


def test_what_a_killed_service_left_behind_is_named(tmp_path: Path):
    script = """
import subprocess, sys
from pathlib import Path
from study.up import only_one
with only_one(Path(sys.argv[1])) as hold:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "left"], pass_fds=[hold])
    print(left.pid, flush=True)
    __import__("time").sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        left = int(service.stdout.readline())
        service.kill()
    try:
        with (
            pytest.raises(SettingsError, match=rf"process {left} \(.* left\)"),
            only_one(tmp_path, patience=1),
        ):
            pass
    finally:
        os.kill(left, signal.SIGKILL)


def test_a_port_in_use_is_named_with_what_to_do():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="--dicom-port or --web-port"):
            free_port(taken.getsockname()[1], "127.0.0.1")
