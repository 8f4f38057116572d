from __future__ import annotations

import signal
import subprocess
import sys

import pytest

WAITER = """
import signal, sys, threading, time
from study.stopping import stop_event
stop = stop_event()
other = threading.Thread(target=time.sleep, args=(600,), daemon=True)
other.start()
def send():
    time.sleep(0.5)  # the main thread waits by then
    signal.pthread_kill(other.ident, signal.SIGTERM)
if sys.argv[1] == "other":
    threading.Thread(target=send, daemon=True).start()
print("waits", flush=True)
stop.wait()
print("ended", flush=True)
"""


@pytest.mark.parametrize("thread", ["main", "other"])
def test_a_signal_ends_the_wait_whichever_thread_it_is_handed_to(thread: str):
    with subprocess.Popen(
        [sys.executable, "-c", WAITER, thread], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        if thread == "main":
            process.send_signal(signal.SIGTERM)
        try:
            assert process.stdout.readline() == "ended\n"
            assert process.wait(10) == 0
        finally:
            process.kill()
