"""From pairs to a quantised model that answers; run by `make test-finetune`, which installs what it needs."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app
from reporting.finetune.base import load_base, load_tokenizer
from reporting.finetune.encode import encode_prompt
from reporting.finetune.judge import answers, judge
from reporting.finetune.pairs_file import synthetic_pairs, write_pairs
from reporting.quantize.prompts import parity_pairs
from reporting.writer.hugging_face import convert_gguf, write_folder
from study.errors import SettingsError

for _needed in ("trl", "peft", "llmcompressor"):
    pytest.importorskip(_needed, reason="run by make test-finetune, in an environment of its own")

SHIPPED = Path(__file__).parents[2] / "reporting/weights/kidray-writer-micro.gguf"
FEW = """
rank = 4
alpha = 8
most_steps = {steps}
batch = 2
accumulate = 1
save_every = 2
evaluate = {asked}
longest_reply = {tokens}
learning_rate = {rate}
"""
# As Qwen3's own template does: an empty thought where thinking is off.
CHATML = """
{%- for m in messages %}{{ '<|facts|>' + m.role + '\\n' + m.content + '<|reply|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|facts|>assistant\\n' }}
{%- if enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}"""


def kidray(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    print(done.output)
    return done.output


def few(folder: Path, steps: int, asked: int = 2, tokens: int = 400, rate: float = 1e-3) -> Path:
    file = folder / "few.toml"
    file.write_text(FEW.format(steps=steps, asked=asked, tokens=tokens, rate=rate))
    return file


@pytest.fixture(scope="module")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("micro")
    convert_gguf(SHIPPED, folder)
    return folder


@pytest.mark.timeout(3600)
def test_the_micro_model_is_tuned_merged_quantised_and_still_words_findings(
    micro: Path, tmp_path: Path
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    write_pairs(pairs, synthetic_pairs(40, 1, style=1))
    out, small = tmp_path / "tuned", tmp_path / "small"
    told = kidray(
        *("finetune-writer", "--model", micro, "--pairs", pairs, "--out", out),
        *("--config", few(tmp_path, 4), "--merge"),
    )
    assert "step 4 of 4" in told
    assert json.loads((out / "adapter/adapter_config.json").read_text())["r"] == 4
    assert "No signed report is among the pairs" in (out / "CARD.md").read_text()
    told = kidray(
        *("quantize-writer", "--model", out / "merged", "--out", small, "--samples", 8),
        *("--pairs", pairs, "--asked", 4, "--longest-reply", 400),
    )
    how = json.loads((small / "config.json").read_text())["quantization_config"]
    assert how["quant_method"] == "compressed-tensors"
    weights = how["config_groups"]["group_0"]["weights"]
    assert (weights["num_bits"], weights["group_size"]) == (4, 32)
    judged = parity_pairs(4)
    loaded = load_base(str(small), "none")
    replies = answers(loaded, load_tokenizer(str(small)), [p.brief for p in judged], 400, print)
    assert judge(judged, replies).whole >= 0.5


@pytest.mark.timeout(1800)
def test_a_run_that_was_stopped_goes_on_from_its_checkpoint(micro: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ["finetune-writer", "--model", micro, "--synthetic", 40, "--out", out]
    whole = kidray(*given, "--config", few(tmp_path, 4, asked=0))
    shutil.rmtree(out / "checkpoints/checkpoint-4")
    with pytest.raises(SettingsError, match="say --resume"):
        kidray(*given, "--config", few(tmp_path, 4, asked=0))
    told = kidray(*given, "--config", few(tmp_path, 4, asked=0), "--resume")
    assert sorted(_losses(told)) == [3, 4]
    assert _losses(told) == pytest.approx({n: _losses(whole)[n] for n in (3, 4)}, abs=0.02)
    with pytest.raises(SettingsError, match="another model, other pairs or another config"):
        kidray(*given, "--config", few(tmp_path, 5, asked=0), "--resume")


@pytest.mark.timeout(1800)
def test_a_random_qwen3_in_four_bits_learns_from_the_whole_prompt_without_thinking(tmp_path: Path) -> None:
    folder = tmp_path / "random"
    _random_model(folder)
    tokenizer = load_tokenizer(str(folder))
    prompt = tokenizer.decode(encode_prompt(tokenizer, parity_pairs(1)[0].brief))
    assert "You are the wording step of a radiology report" in prompt
    assert prompt.endswith("<think>\n\n</think>\n\n")
    config = few(tmp_path, 8, asked=1, tokens=8, rate=2e-2)
    config.write_text(config.read_text() + 'quantise = "nf4"\n')
    told = kidray(
        *("finetune-writer", "--model", folder, "--synthetic", 30, "--out", tmp_path / "out"),
        *("--config", config, "--merge"),
    )
    assert "quantised: nf4" in told
    assert (tmp_path / "out/merged/model.safetensors").exists()
    losses = _losses(told)
    assert losses[1] == pytest.approx(math.log(tokenizer.vocab_size), abs=0.3)  # it knows nothing yet
    assert losses[8] < losses[1] - 0.05


def _losses(told: str) -> dict[int, float]:
    """Return the loss of each step that was told."""
    return {int(n): float(loss) for n, loss in re.findall(r"step (\d+) of \d+  loss ([\d.]+)", told)}


def _random_model(folder: Path) -> None:
    """Write a Qwen3 of two layers with random weights, the micro model's tokenizer, and a chat template."""
    import torch

    from reporting.writer.export import read_gguf
    from reporting.writer.network import Writer
    from reporting.writer.train import WriterConfig

    torch.manual_seed(1)
    tokenizer: Any = read_gguf(SHIPPED)[1]
    sizes = WriterConfig(hidden=64, layers=2, heads=2, feed_forward=64)
    write_folder(folder, Writer(sizes, tokenizer.get_vocab_size()).state_dict(), tokenizer, CHATML)
