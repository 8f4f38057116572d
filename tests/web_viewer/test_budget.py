"""How much program a browser needs before the first radiograph, as it is sent."""

from __future__ import annotations

import re

import pytest

from web_viewer.deps import STATIC

BUDGET = 150_000  # bytes, gzip
_IMPORTED = re.compile(
    r"""(?:\bfrom|\bimport)\s*["'`]\./([\w.-]+\.js)["'`]"""
)  # not import(): that comes later

pytestmark = pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built")


def needed_at_once() -> set[str]:
    """The scripts that the page names, and what they import."""
    page = (STATIC / "index.html").read_text()
    page = re.sub(r'<script type="importmap">.*?</script>', "", page, flags=re.DOTALL)
    found = set(re.findall(r'(?:src|href)="/assets/([\w.-]+\.js)"', page))
    left = list(found)
    while left:
        for name in _IMPORTED.findall((STATIC / "assets" / left.pop()).read_text()):
            if name not in found:
                found.add(name)
                left.append(name)
    return found


def test_the_program_before_the_first_radiograph_is_within_its_budget():
    names = needed_at_once()
    assert any(name.startswith("base-") for name in names)
    sent = {name: (STATIC / "assets" / f"{name}.gz").stat().st_size for name in names}
    assert sum(sent.values()) <= BUDGET, sent


@pytest.mark.parametrize("part", ["WorklistPage", "AdminPage", "ReportPanel", "AcknowledgeDialog", "ko"])
def test_what_is_needed_later_is_not_among_it(part: str):
    built = {file.name for file in (STATIC / "assets").glob(f"{part}-*.js")}
    assert built
    assert not built & needed_at_once()
