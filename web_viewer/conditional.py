"""Answer with bytes that the browser may keep: entity tags, conditions, content coding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fastapi import Request, Response

from web_viewer.rendering import ungzipped
from web_viewer.renditions import Rendition

# May be kept, but is asked for again with its entity tag: a new version of the service may make other
# bytes of the same instance, and pixels must never meet another version's description.
ASK_FIRST = "private, no-cache"
_RENDERER = "2"  # part of every entity tag: goes up when the bytes made of an instance change


def entity_tag(*parts: str) -> str:
    """Return a strong entity tag for what is made of `parts`."""
    return '"' + hashlib.sha256("\x1f".join((_RENDERER, *parts)).encode()).hexdigest()[:32] + '"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Return whether the client says that it holds what `tag` names (RFC 9110 section 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in (t.strip().removeprefix("W/") for t in given.split(","))


def answer(
    request: Request, find: Callable[[], Rendition], *, key: tuple[str, ...], media_type: str
) -> Response:
    """Return a response with the rendition that `find` finds, or 304 where the client holds it.

    Parameters
    ----------
    find
        Finds or makes the bytes; not called for a 304.
    key
        Names them; the same key is the same bytes for as long as this version of the service runs.
    """
    tag = entity_tag(*key)
    headers = {"ETag": tag, "Cache-Control": ASK_FIRST, "Vary": "Accept-Encoding"}
    if is_unchanged(request, tag):
        return Response(status_code=304, headers=headers)
    rendition = find()
    body = rendition.body
    if rendition.encoding is not None:
        if rendition.encoding in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = rendition.encoding
        else:
            body = ungzipped(body)
    return Response(body, media_type=media_type, headers=headers)
