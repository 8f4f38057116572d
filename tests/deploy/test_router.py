"""Two servers behind the router of `deploy/vllm`, as Kidray's client sees them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.bad_llm import Fault, serving_badly, wait_for
from reporting.llm import Llm
from reporting.served import check_health
from reporting.server import serving
from reporting.wording import reword
from study.errors import LlmUnavailableError
from study.model import DraftSource
from tests.peers import free_port
from tests.reporting.builders import NOW, draft, finding, findings, radiograph

FOLDER = Path(__file__).parents[2] / "deploy" / "vllm"
MADE = findings(finding("pneumoperitoneum", region="upper_abdomen"))

needs_caddy = pytest.mark.skipif(shutil.which("caddy") is None, reason="Debian's caddy is not installed")


def test_the_compose_file_keeps_to_the_compose_specification():
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec", str(FOLDER / "compose.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def caddy(*arguments: str, **environment: str) -> list[str]:
    return ["caddy", *arguments, "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]


@pytest.mark.peer
@needs_caddy
def test_the_routers_own_program_takes_its_configuration():
    done = subprocess.run(caddy("validate"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def routed(tmp_path: Path, *servers: str) -> Iterator[Llm]:
    """Run the router before `servers`, given by their base URLs."""
    port = free_port()
    environment = os.environ | {
        "LLM_LISTEN": f"http://127.0.0.1:{port}",
        "LLM_SERVERS": " ".join(urlsplit(server).netloc for server in servers),
        "HOME": str(tmp_path),
    }
    with subprocess.Popen(caddy("run"), env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            llm = Llm(f"http://127.0.0.1:{port}/v1", "any", timeout=20.0)
            yield llm
        finally:
            process.terminate()
            process.wait(20)


def is_well(llm: Llm) -> bool:
    try:
        return check_health(llm)
    except LlmUnavailableError:
        return False


@pytest.mark.peer
@needs_caddy
def test_one_of_two_servers_may_go_and_drafts_are_still_worded(tmp_path: Path):
    with serving() as one, serving_badly(Fault.REFUSED) as gone, routed(tmp_path, gone, one) as llm:
        assert wait_for(lambda: is_well(llm), 30)
        for _ in range(4):
            report = reword(draft(MADE), MADE, [radiograph()], llm, at=NOW).report
            assert report.wording.source is DraftSource.LLM


@pytest.mark.peer
@needs_caddy
def test_with_no_server_left_the_router_says_that_it_is_not_well(tmp_path: Path):
    with serving_badly(Fault.REFUSED) as gone, routed(tmp_path, gone) as llm:
        said = []

        def refused() -> bool:
            with pytest.raises(LlmUnavailableError) as error:
                check_health(llm, 5.0)
            said.append(str(error.value))
            return "/health answers 50" in said[-1]

        assert wait_for(refused, 30), said
