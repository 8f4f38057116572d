"""The conformance statement says what the code does, in the order that PS3.2 asks for."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_node.contexts import ACCEPTED
from tests.deploy.compose import ROOT

PAGE = ROOT / "docs" / "conformance.md"
SCRIPT = ROOT / "deploy" / "conformance_docs.py"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text()


def test_its_tables_are_those_of_todays_code() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_its_sections_are_in_the_order_of_the_standard(page: str) -> None:
    sections = re.findall(r"^#+ ([0-9.]+) ", page, re.M)
    assert [s for s in sections if "." not in s] == [str(n) for n in range(1, 9)]
    assert sections == sorted(sections, key=lambda s: [int(part) for part in s.split(".")])


def test_every_sop_class_that_is_accepted_is_in_it(page: str) -> None:
    assert {str(uid) for uid in ACCEPTED} <= set(re.findall(r"[0-9.]{10,}", page))


def test_deflated_is_nowhere_offered(page: str) -> None:
    assert f"| {DeflatedExplicitVRLittleEndian} |" not in page


def test_the_readme_links_to_it() -> None:
    assert "(docs/conformance.md)" in (ROOT / "README.md").read_text()
