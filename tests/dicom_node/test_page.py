"""docs/dicom.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dicom_node.contexts import TRANSFER_SYNTAXES
from dicom_node.rules import DEFAULT_MAX_AGE_YEARS
from dicom_node.statuses import STATUS_OF, SUCCESS
from tests.peers import FORWARD_LUA


@pytest.fixture(scope="module")
def page() -> str:
    return (Path(__file__).parents[2] / "docs" / "dicom.md").read_text()


def test_the_table_of_transfer_syntaxes_is_the_code_s_in_its_order(page) -> None:
    assert re.findall(r"\| ([0-9.]+) \|$", page, re.M) == [str(uid) for uid in TRANSFER_SYNTAXES]


def test_every_status_that_can_be_answered_is_in_the_table(page) -> None:
    listed = {int(status, 16) for status in re.findall(r"^\| (0x[0-9A-F]{4}) ", page, re.M)}
    assert listed == {SUCCESS, *STATUS_OF.values()}


def test_the_oldest_age_is_the_code_s(page) -> None:
    assert f"not older than {DEFAULT_MAX_AGE_YEARS} years" in page


def test_the_recipe_for_orthanc_is_the_one_that_is_tested(page) -> None:
    assert FORWARD_LUA.format(modality="kidray").strip() in page
