"""Answer errors over HTTP: one table from the error tree to status codes, one sentence in the body."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from study import telemetry
from study.errors import (
    ArchiveError,
    ArchiveFullError,
    ConflictError,
    DatasetMismatchError,
    IdentifierError,
    KidrayError,
    NotDicomError,
    NotInArchiveError,
    PixelDataError,
    RegistryUnavailableError,
    StateError,
)
from web_viewer.identity.tries import FORGIVEN_AFTER

log = structlog.get_logger()

RETRY_AFTER = {429: f"{FORGIVEN_AFTER:.0f}", 503: "2"}  # seconds

# The most derived class that matches decides.
STATUS: dict[type[KidrayError], int] = {
    NotInArchiveError: 404,
    IdentifierError: 400,
    StateError: 409,
    ConflictError: 409,
    DatasetMismatchError: 409,
    NotDicomError: 422,
    PixelDataError: 422,
    ArchiveFullError: 507,
    ArchiveError: 503,
    RegistryUnavailableError: 503,
    KidrayError: 500,
}


class BadRequestError(KidrayError):
    """Raised when a request's header, query or body cannot be understood (400)."""


class NotAcceptableError(KidrayError):
    """Raised when none of the media types that the client accepts can be made (406)."""


class TooLargeError(KidrayError):
    """Raised when a body, or a part of one, is larger than is taken in (413)."""


class BadGatewayError(KidrayError):
    """Raised when another server that was asked does not do what it should (502)."""


class ForbiddenError(KidrayError):
    """Raised when whoever asks may not have, or do, what they ask for (403)."""


class TooManyTriesError(KidrayError):
    """Raised when too many wrong passwords came from one address, or for one login (429)."""


class UnsupportedMediaTypeError(KidrayError):
    """Raised when the body's media type is not one that the route reads (415)."""


STATUS |= {
    BadRequestError: 400,
    BadGatewayError: 502,
    ForbiddenError: 403,
    NotAcceptableError: 406,
    TooLargeError: 413,
    TooManyTriesError: 429,
    UnsupportedMediaTypeError: 415,
}


def status_of(error: KidrayError) -> int:
    """Return the HTTP status code for `error`."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def add_problem_answers(app: FastAPI) -> None:
    """Let `app` answer every error as ``{"detail": sentence}``."""
    app.add_exception_handler(KidrayError, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_unknown)


async def _answer_known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KidrayError)
    status = status_of(error)
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else None
    return JSONResponse({"detail": str(error)}, status, headers)


async def _answer_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    sentence = f"{where or 'the request'}: {first['msg']}"
    return JSONResponse({"detail": sentence}, 422)


async def _answer_unknown(request: Request, error: Exception) -> JSONResponse:
    """Log where it happened, and not what the error says: that may quote what it failed on."""
    route = getattr(request.scope.get("route"), "path", None)
    log.error("request_failed", route=route, error=type(error).__name__, where=telemetry.where(error))
    return JSONResponse({"detail": "the service failed; its log says more"}, 500)
