from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app
from reporting.finetune.config import load_config
from reporting.finetune.encode import chat, encode_pair
from reporting.finetune.judge import judge
from reporting.finetune.needs import NEEDS
from reporting.finetune.pairs_file import synthetic_pairs
from reporting.llm import Llm
from reporting.prompt import messages
from reporting.quantize.parity import compare
from reporting.quantize.prompts import calibration_pairs, parity_pairs
from reporting.quantize.quantize import group_size
from reporting.reply import reply_json
from study.errors import ModelError, SettingsError, WordingError

PAIRS = list(synthetic_pairs(6, 5))


class Letters:
    """A tokenizer of characters, its template that of a chat with thinking."""

    eos_token_id = 3

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [ord(c) for c in text]}

    def apply_chat_template(self, chat: list[dict[str, str]], **how: Any) -> list[int]:
        assert how == {"add_generation_prompt": True, "enable_thinking": False, "return_dict": False}
        return [ord(c) for c in "".join(f"<{m['role']}>{m['content']}" for m in chat) + "<assistant>"]


@pytest.mark.timeout(300)  # LangChain alone takes long to import on a busy machine
def test_the_prompt_trained_on_is_the_one_that_the_client_sends() -> None:
    received: list[Any] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_error(400)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        llm = Llm(f"http://127.0.0.1:{server.server_address[1]}/v1", "micro")
        llm.warm_up()
        brief = PAIRS[0].brief
        with pytest.raises(WordingError):
            llm.ask(messages(brief), deadline=time.monotonic() + 60)
        server.shutdown()
    sent = received[0]["messages"]
    assert chat(brief) == [{"role": m["role"], "content": m["content"]} for m in sent]
    assert [each["role"] for each in sent] == ["system", "user"]
    assert received[0]["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_pair_becomes_the_prompt_and_the_compact_reply_with_its_end() -> None:
    encoded = encode_pair(Letters(), PAIRS[1])
    prompt = "".join(map(chr, encoded.prompt))
    assert prompt.startswith("<system>You are the wording step")
    assert prompt.endswith("<assistant>")
    assert "".join(map(chr, encoded.reply[:-1])) == reply_json(PAIRS[1].reply)
    assert encoded.reply[-1] == 3


def test_figures_count_schema_grounding_and_the_very_text() -> None:
    right = reply_json(PAIRS[0].reply)
    wrong = right.replace('"f1"', '"f9"')
    assert wrong != right
    figures = judge([PAIRS[0]] * 4, [right, wrong, "{", json.dumps(json.loads(right), indent=1)])
    assert figures == (4, 0.75, 0.5, 0.5)


def test_parity_tells_equal_lost_and_gained_replies() -> None:
    right = reply_json(PAIRS[0].reply)
    parity = compare([PAIRS[0]] * 4, [right, right, "{", "{"], [right, "{", right, "{"])
    assert (parity.same, parity.lost, parity.gained) == (0.5, 0.25, 0.25)
    assert parity.before.grounded == parity.after.grounded == 0.5


def test_calibration_takes_the_given_pairs_first_and_shares_none_with_the_parity_check() -> None:
    rows = calibration_pairs(5, PAIRS[:2])
    assert rows[:2] == PAIRS[:2]
    assert len(rows) == 5
    assert len(calibration_pairs(1, PAIRS)) == 1
    judged = {reply_json(pair.reply) + str(pair.brief) for pair in parity_pairs(30)}
    drawn = {reply_json(pair.reply) + str(pair.brief) for pair in calibration_pairs(60)}
    assert not {each for each in judged & drawn if "present" in each}


@pytest.mark.parametrize(("inputs", "group"), [([5120, 17408], 128), ([192, 320], 64), ([160, 416], 32)])
def test_the_widest_group_that_fits_every_layer_is_taken(inputs: list[int], group: int) -> None:
    assert group_size(inputs) == group


def test_a_model_of_odd_width_is_refused() -> None:
    with pytest.raises(ModelError, match="no multiple of 32"):
        group_size([150])


def test_a_config_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("rank = 4\n")
    shipped = load_config()
    assert load_config(file) == shipped.model_copy(update={"rank": 4})
    for text, wrong in (("rnak = 4", "rnak"), ("holdout = 0", "holdout"), ("rank", "TOML")):
        file.write_text(text)
        with pytest.raises(SettingsError, match=wrong):
            load_config(file)


def test_the_commands_say_what_they_lack() -> None:
    runner = CliRunner()
    given = ["finetune-writer", "--model", "m", "--out", "o"]
    for sources in ([], ["--synthetic", "3", "--home", "h"]):
        refused = runner.invoke(app, [*given, *sources])
        assert "one of --pairs, --home and --synthetic" in str(refused.exception)


def test_pairs_are_written_by_the_command_and_say_that_they_are_synthetic(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    done = CliRunner().invoke(app, ["reports", "pairs", "--synthetic", "8", "--out", str(file)])
    assert done.exit_code == 0, done.output
    assert "no signed report is among them" in done.output
    assert {json.loads(line)["source"] for line in file.read_text().splitlines()} == {"synthetic"}
    none = CliRunner().invoke(app, ["reports", "pairs", "--home", str(tmp_path), "--out", str(file)])
    assert "there is no archive" in str(none.exception)


@pytest.mark.parametrize("extra", sorted(NEEDS))
def test_what_a_command_imports_is_in_its_extra(extra: str) -> None:
    from study.compat import tomllib

    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    wanted = tomllib.loads(text)["project"]["optional-dependencies"][extra]
    names = {each.partition(">")[0] for each in wanted}
    assert set(NEEDS[extra]) <= names
