"""The viewer says why an image was not read in the words that the report uses."""

from __future__ import annotations

import json
import re
from pathlib import Path

from study.unread import KOREAN_TERMS, WORDS

WORDED = Path(__file__).parents[2] / "web_viewer/frontend/src/lib/locales/unread.ts"


def _entries(name: str) -> dict[str, str]:
    text = WORDED.read_text(encoding="utf-8")
    block = re.search(rf"const {name}\b[^=]*= {{\n(.*?)\n}};", text, re.DOTALL)
    assert block is not None
    found = re.findall(r'^\s*"?([\w ]+?)"?:\s*("(?:[^"\\]|\\.)*"),$', block[1], re.MULTILINE)
    return {key: json.loads(value) for key, value in found}


def _with_slots(words: str) -> str:
    return re.sub(r"\{(\w+)\}", r"{{\1}}", words)


def test_every_reason_has_the_same_words_in_report_and_viewer():
    assert _entries("english") == {code.value: _with_slots(en) for code, (en, _) in WORDS.items()}
    assert _entries("korean") == {code.value: _with_slots(ko) for code, (_, ko) in WORDS.items()}
    assert _entries("koreanTerms") == KOREAN_TERMS
