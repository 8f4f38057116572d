"""The web application: routes put together, with what stands before and behind each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from study.holdings import Holdings
from web_viewer.access import Gate, trusted_hosts
from web_viewer.deps import Held, Services
from web_viewer.measure import Measure
from web_viewer.problems import add_problem_answers
from web_viewer.routes import (
    assessment,
    dicomweb_rendered,
    dicomweb_retrieve,
    dicomweb_search,
    dicomweb_store,
    events,
    health,
    pages,
    priors,
    radiographs,
    report,
    service,
    studies,
    worklist,
)
from web_viewer.security_headers import SecurityHeaders

# Pixels are compressed, or not, where they are made.
NOT_COMPRESSED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/dicom",
    "application/octet-stream",
    "multipart/related",
    "image/*",
)
LARGEST_BODY = 1024 * 1024  # bytes; STOW-RS has its own limit, an instance at a time
DESCRIPTION = """Worklist, radiographs with the model's overlay, draft reports, and DICOMweb.

Drafts are unverified machine text until a radiologist signs. Trained on synthetic phantoms, not for
clinical use. Errors are `{"detail": sentence}`; 503 says when to try again.
"""
# `pages` comes last: it answers names that nothing else does.
ROUTERS = (
    worklist.router,
    events.router,
    studies.router,
    report.router,
    assessment.router,
    radiographs.router,
    priors.router,
    service.router,
    health.router,
    dicomweb_search.router,
    dicomweb_retrieve.router,
    dicomweb_rendered.router,
    dicomweb_store.router,
    pages.router,
)


def create_app(services: Services) -> FastAPI:
    """Return the application for `services`; it starts nothing and reads no settings by itself."""
    settings = services.settings
    login = settings.web_login.get_secret_value() if settings.web_login else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.held = Held(services, Holdings(services.archive))
        yield
        app.state.held.closing.set()

    app = FastAPI(
        title="Kidray",
        version=service.service_version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        max_body_size=LARGEST_BODY,
        generate_unique_id_function=_operation_name,
        middleware=[
            Middleware(Measure),
            Middleware(SecurityHeaders),
            Middleware(Gate, hosts=trusted_hosts(settings.web_host, login), login=login),
            Middleware(GZipMiddleware, compresslevel=4, exclude_content_types=NOT_COMPRESSED),
        ],
    )
    add_problem_answers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _operation_name(route: APIRoute) -> str:
    return route.name
