"""Start a real vLLM on the CPU with the flags of this folder, and put the LLM's tests to it.

    deploy/vllm/install_cpu.sh && .venv/bin/python deploy/vllm/test_cpu.py     (or: make test-vllm)

The model is the micro model that ships, as a Qwen3 of the Transformers library. Writes what happened
to docs/vllm-log.md. With --url, a server that runs already is tested, and nothing is started.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import machine  # noqa: E402
from reporting.served_name import served_name  # noqa: E402
from reporting.server import WEIGHTS  # noqa: E402
from reporting.writer.hugging_face import CONTEXT, convert_gguf  # noqa: E402
from study.up import free_port  # noqa: E402

PAGE = ROOT / "docs" / "vllm-log.md"
GGUF = ROOT / "reporting" / "weights" / WEIGHTS
TESTS = ["tests/reporting/test_server.py"]
PATIENCE = 600  # seconds until the server must answer; 41 on two idle cores
TEST_SECONDS = 900
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "2",
}
TOLD = re.compile(r"non-default args|Starting vLLM|KV cache size|structured|Application startup|ERROR|error")


def command(vllm: Path, folder: Path, port: int) -> list[str]:
    """Return how the server is started: this folder's flags, and what a CPU and a tiny model need."""
    return [
        str(vllm),
        "serve",
        str(folder),
        f"--config={Path(__file__).with_name('vllm.yaml')}",
        "--host=127.0.0.1",
        f"--port={port}",
        "--served-model-name",
        served_name(GGUF),
        "snuh/hari-q3-14b",
        "--dtype=float32",
        f"--max-model-len={CONTEXT}",
        "--enforce-eager",
    ]


@contextmanager
def running(vllm: Path, log: Path, patience: float) -> Iterator[tuple[str, list[str], float]]:
    """Run the server; yields its base URL, its command, and the seconds until it answered."""
    port = free_port(0, "127.0.0.1")
    with tempfile.TemporaryDirectory() as made, log.open("w") as output:
        folder = Path(made) / "kidray-writer-micro"
        convert_gguf(GGUF, folder)
        started = command(vllm, folder, port)
        began = time.monotonic()
        process = subprocess.Popen(
            started,
            env=os.environ | ENVIRONMENT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not answers(f"http://127.0.0.1:{port}/health"):
                if process.poll() is not None:
                    raise SystemExit(f"vLLM ended before it answered:\n{log.read_text()[-3000:]}")
                if time.monotonic() - began > patience:
                    raise SystemExit(f"vLLM did not answer within {patience:.0f} s")
                time.sleep(1)
            yield f"http://127.0.0.1:{port}/v1", started, time.monotonic() - began
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def answers(url: str) -> bool:
    """Return whether a page is there."""
    try:
        with urlopen(url, timeout=2) as page:  # noqa: S310 - a loopback address
            return bool(page.status == 200)
    except OSError:
        return False


def tested(url: str) -> tuple[int, str]:
    """Put the tests to the server at `url`; returns pytest's exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-k", "served or common", "--timeout=600", *TESTS],
        cwd=ROOT,
        env=os.environ | {"KIDRAY_TEST_LLM_URL": url},
        capture_output=True,
        text=True,
        timeout=TEST_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def write_page(told: str, printed: str, status: int, started: list[str], waited: float | None) -> None:
    """Write what happened, without this machine's folders."""
    shown = shlex.join(["vllm", "serve", "FOLDER", "--config=deploy/vllm/vllm.yaml", *started[4:]])
    lines = [line for line in told.splitlines() if TOLD.search(line)][:40]
    outcome = "passed" if status == 0 else "failed"
    ready = f"It answered `/health` after {waited:.0f} s." if waited is not None else ""
    text = f"""# vLLM on the CPU: what `make test-vllm` did

{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, on {machine.in_words()}. The tests **{outcome}**. {ready}

```
{shown}
```

## The tests
```
{printed.strip()}
```

## From the server's log
```
{chr(10).join(lines)}
```
"""
    text = text.replace(str(ROOT), ".")
    PAGE.write_text(re.sub(r"(/[\w.-]+)+/(?=kidray-writer-micro|deploy|tests|\.venv|pyproject)", "", text))


def main() -> int:
    """Run it all; returns pytest's exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vllm", type=Path, default=ROOT / ".venv-vllm" / "bin" / "vllm")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds until it must answer")
    parser.add_argument("--url", help="a server that runs already; its log is --log")
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "kidray-vllm.log")
    wish = parser.parse_args()
    if wish.url:
        status, printed = tested(wish.url)
        started: list[str] = command(wish.vllm, Path("FOLDER"), 0)
        write_page(wish.log.read_text(), printed, status, started, None)
    else:
        with running(wish.vllm, wish.log, wish.patience) as (url, started, waited):
            status, printed = tested(url)
        write_page(wish.log.read_text(), printed, status, started, waited)
    print(printed)
    return status


if __name__ == "__main__":
    sys.exit(main())
