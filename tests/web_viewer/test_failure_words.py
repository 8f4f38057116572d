"""The viewer has a sentence and a next step in both languages for every way in which a step can fail."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from study.failure_code import FailureCode

WORDED = Path(__file__).parents[2] / "web_viewer/frontend/src/lib/locales/failure.ts"
SLOTS = {
    FailureCode.NONE_READABLE: {"files"},
    FailureCode.UNEXPECTED: {"error"},
    FailureCode.OTHER: {"detail"},
}
HANGUL = re.compile(r"[가-힣]")


def sentences(language: str, part: str) -> dict[str, str]:
    text = WORDED.read_text(encoding="utf-8")
    words = re.search(rf"export const {language}\b[^=]*= {{\n(.*?)\n}};", text, re.DOTALL)
    assert words is not None
    block = re.search(rf"^  {part}: {{\n(.*?)\n  }},", words[1], re.DOTALL | re.MULTILINE)
    assert block is not None
    found = re.findall(r'^\s*(\w+):\s*("(?:[^"\\]|\\.)*"),$', block[1], re.MULTILINE)
    return {key: json.loads(value) for key, value in found}


@pytest.mark.parametrize("part", ["said", "next"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_failure_has_words_in_its_language(language: str, part: str):
    found = sentences(language, part)
    assert set(found) == {code.value for code in FailureCode}
    for code, words in found.items():
        is_korean = HANGUL.search(words) is not None
        assert is_korean == (language == "ko" and words != "{{detail}}"), code


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_failures_sentence_names_what_belongs_to_it(language: str):
    for code, words in sentences(language, "said").items():
        assert set(re.findall(r"{{(\w+)}}", words)) == SLOTS.get(FailureCode(code), set()), code
