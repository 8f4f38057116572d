from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from reporting.grounding import check_wording
from reporting.reply import parse_reply
from reporting.server import serving
from reporting.writer.pairs import draw_pairs
from study.model import Language


def test_training_pairs_are_grounded_and_the_same_for_a_seed():
    pairs = list(draw_pairs(100, 21))
    assert pairs == list(draw_pairs(100, 21))
    assert {pair.brief.language for pair in pairs} == set(Language)
    for pair in pairs:
        assert check_wording(parse_reply(pair.reply), pair.brief) == []


@pytest.mark.timeout(300)  # torch alone takes long to import on a busy machine
def test_a_few_seconds_of_training_make_a_file_that_is_served(tmp_path: Path):
    torch = pytest.importorskip("torch", reason="the train extra is not installed")
    from reporting.writer.export import read_gguf
    from reporting.writer.train import WriterConfig, train_writer

    torch.set_num_threads(2)
    said: list[str] = []
    sizes = {"hidden": 64, "layers": 2, "heads": 2, "feed_forward": 64}
    config = WriterConfig(minutes=0.02, batch=2, tokenizer_pairs=60, **sizes)
    file = tmp_path / "micro.gguf"
    done = train_writer(file, config, said.append)
    assert done["steps"] >= 1
    assert done["loss"] < 8
    again = train_writer(tmp_path / "next.gguf", config, said.append, start=file)
    assert again["parameters"] == done["parameters"]
    assert set(read_gguf(file)[0]) == set(read_gguf(tmp_path / "next.gguf")[0])
    with serving(file) as url:
        answer = httpx.post(
            f"{url}/chat/completions",
            json={"messages": [{"role": "user", "content": "language: en\nf1: x\n"}], "max_tokens": 4},
        )
    assert answer.json()["usage"]["completion_tokens"] >= 1
