"""Answer with bytes that may be kept by the browser: entity tags, conditions, content coding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fastapi import Request, Response

from web_viewer.rendering import gzipped, ungzipped
from web_viewer.renditions import Rendition, Renditions

FOR_GOOD = "private, max-age=31536000, immutable"  # an instance never changes
ASK_FIRST = "private, no-cache"  # may be kept, but is asked for again with its entity tag
_RENDERER = "1"  # part of every entity tag: goes up when the bytes made of an instance change


def entity_tag(*parts: str) -> str:
    """Return a strong entity tag for what is made of `parts`."""
    return '"' + hashlib.sha256("\x1f".join((_RENDERER, *parts)).encode()).hexdigest()[:32] + '"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Return whether the client says that it holds what `tag` names (RFC 9110 section 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in (t.strip().removeprefix("W/") for t in given.split(","))


def answer(
    request: Request,
    renditions: Renditions,
    make: Callable[[], bytes],
    *,
    key: tuple[str, ...],
    media_type: str,
    cache: str = FOR_GOOD,
    compress: bool = False,
) -> Response:
    """Return a response with what `make` makes, or 304 where the client holds it already.

    Parameters
    ----------
    key
        Names what is made; the same key is the same bytes for ever.
    compress
        Whether the bytes are kept, and sent where the client takes it, in gzip.
    """
    tag = entity_tag(*key)
    headers = {"ETag": tag, "Cache-Control": cache}
    if compress:
        headers["Vary"] = "Accept-Encoding"
    if is_unchanged(request, tag):
        return Response(status_code=304, headers=headers)
    rendition = renditions.get(key, lambda: _made(make, compress))
    body = rendition.body
    if rendition.encoding is not None:
        if rendition.encoding in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = rendition.encoding
        else:
            body = ungzipped(body)
    return Response(body, media_type=media_type, headers=headers)


def _made(make: Callable[[], bytes], compress: bool) -> Rendition:
    body = make()
    return Rendition(gzipped(body), "gzip") if compress else Rendition(body)
