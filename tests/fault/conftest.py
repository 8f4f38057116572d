"""Phantoms to send, and a PACS to send results to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.load import StoreScp
from training.phantom_set import write_phantoms


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("phantoms")
    return [written.image for _, written in write_phantoms(folder, 5, 4712, size=(512, 512))]


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[StoreScp]:
    with StoreScp(tmp_path / "pacs") as running:
        yield running
