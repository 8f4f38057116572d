from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.web_viewer.conftest import ORIGIN
from web_viewer.app import create_app
from web_viewer.deps import Services

PAGE = "<!doctype html><title>Kidray</title><script type=module src=/assets/index-abc123.js></script>"
SCRIPT = "export const answer = 42;\n" * 100


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "index-abc123.js").write_text(SCRIPT)
    (folder / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "secret.txt").write_text("not for everybody")
    return folder


@pytest.fixture
def site(build: Path, build_services: Callable[..., Services]) -> Iterator[TestClient]:
    with TestClient(create_app(build_services(static=build)), base_url=ORIGIN) as client:
        yield client


def test_both_pages_are_the_same_document_and_asked_for_anew(site: TestClient):
    for path in ("/", "/viewer?StudyInstanceUID=1.2.3", "/viewer?AccessionNumber=A1"):
        answer = site.get(path)
        assert (answer.status_code, answer.text) == (200, PAGE)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
    again = site.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_hashed_assets_are_kept_for_good_and_compressed(site: TestClient):
    answer = site.get("/assets/index-abc123.js")
    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    plain = site.get("/assets/index-abc123.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT


def test_a_compressed_sibling_of_the_build_is_preferred(site: TestClient, build: Path):
    (build / "assets" / "index-abc123.js.gz").write_bytes(gzip.compress(b"from the sibling"))
    assert site.get("/assets/index-abc123.js").text == "from the sibling"


def test_files_beside_the_page_are_served(site: TestClient):
    assert site.get("/icon.svg").headers["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize(
    "path",
    ["/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/none.js"],
)
def test_nothing_outside_the_build_is_served(site: TestClient, path: str):
    answer = site.get(path)
    assert answer.status_code == 404
    assert "not for everybody" not in answer.text


def test_the_pages_shadow_nothing(site: TestClient):
    assert site.get("/healthz").json() == {"status": "alive"}
    assert site.get("/api/worklist").json()["total"] == 0
    assert site.get("/dicom-web/studies").json() == []
    assert site.get("/api/nothing").status_code == 404


def test_without_a_build_the_page_says_how_to_make_one(client: TestClient):
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make viewer" in answer.text
