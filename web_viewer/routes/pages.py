"""Serve the viewer's build: two pages, and the files beside them."""

from __future__ import annotations

import gzip
import mimetypes
import re
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from study.errors import NotInArchiveError
from web_viewer.conditional import entity_tag, is_unchanged
from web_viewer.deps import ServicesDep
from web_viewer.security_headers import policy_with

router = APIRouter(include_in_schema=False)

HASHED = "public, max-age=31536000, immutable"  # a file whose name changes with its content
CHECKED = "no-cache"
_CODINGS = {"br": ".br", "gzip": ".gz"}  # in order of preference
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
_SMALL = 512  # bytes not worth compressing

MISSING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Kidray</title>
<h1>The viewer has not been built</h1>
<p>Run <code>make viewer</code> in the project's folder, then load this page again.
The service itself runs: see <a href="/openapi.json">/openapi.json</a>.</p></html>
"""


@router.get("/")
@router.get("/viewer")
@router.get("/admin")
def read_page(request: Request, services: ServicesDep) -> Response:
    """Return the page; it asks the API for everything else."""
    page = services.static / "index.html"
    if not page.is_file():
        return HTMLResponse(MISSING, 503)
    answer = _file(request, page, CHECKED)
    answer.headers["Content-Security-Policy"] = _policy_of(page, page.stat().st_mtime_ns)
    return answer


@router.get("/assets/{name:path}")
def read_asset(request: Request, services: ServicesDep, name: str) -> Response:
    """Return a script, a style sheet or another file whose name holds its hash."""
    return _file(request, _inside(services.static / "assets", name), HASHED)


@router.get("/{name}")
def read_root_file(request: Request, services: ServicesDep, name: str) -> Response:
    """Return a file beside the page, such as its icon."""
    return _file(request, _inside(services.static, name), CHECKED)


@lru_cache(maxsize=8)
def _policy_of(page: Path, _stamp: int) -> str:
    """Return the page's policy, which lets its own import map through: it can stand in no other file."""
    return policy_with(*_IMPORT_MAP.findall(page.read_bytes()))


def _inside(folder: Path, name: str) -> Path:
    """Return the file of that name, never one outside the folder."""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file() or name.startswith("."):
        raise NotInArchiveError("there is no such page")
    return file


def _file(request: Request, file: Path, cache: str) -> Response:
    stat = file.stat()
    tag = entity_tag(file.name, str(stat.st_mtime_ns), str(stat.st_size))
    headers = {"ETag": tag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
    if is_unchanged(request, tag):
        return Response(status_code=304, headers=headers)
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    body, coding = _coded(request.headers.get("accept-encoding", ""), file, media_type, stat.st_mtime_ns)
    if coding is not None:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=media_type, headers=headers)


def _coded(accepts: str, file: Path, media_type: str, stamp: int) -> tuple[bytes, str | None]:
    """Return the file's bytes and their coding: a compressed sibling of it, or compressed now."""
    for coding, suffix in _CODINGS.items():
        sibling = file.with_name(file.name + suffix)
        if coding in accepts and sibling.is_file():
            return sibling.read_bytes(), coding
    if "gzip" in accepts and media_type.startswith(_COMPRESSIBLE) and file.stat().st_size > _SMALL:
        return _compressed(file, stamp), "gzip"
    return file.read_bytes(), None


@lru_cache(maxsize=64)
def _compressed(file: Path, _stamp: int) -> bytes:
    return gzip.compress(file.read_bytes(), 6, mtime=0)
