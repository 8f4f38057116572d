"""The web application: routes put together, with what stands before and behind each of them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from study.holdings import Holdings
from study.probability_maps import ProbabilityMaps
from study.registry import connect
from study.settings import Settings
from study.version import service_version
from web_viewer.access import Gate, trusted_hosts
from web_viewer.admin.pulse import Pulse
from web_viewer.audit.syslog import Syslog
from web_viewer.audit.told import Auditor
from web_viewer.audit.trail import Trail
from web_viewer.audit.watch import Watch
from web_viewer.body_limit import BodyLimit
from web_viewer.deps import Held, Services
from web_viewer.identity.wiring import Identity
from web_viewer.measure import Measure
from web_viewer.presence import Presence
from web_viewer.problems import add_problem_answers
from web_viewer.routes import (
    admin,
    alert,
    assessment,
    dicomweb_rendered,
    dicomweb_retrieve,
    dicomweb_search,
    dicomweb_store,
    documents,
    events,
    health,
    launch,
    login,
    macros,
    marks,
    pages,
    password_login,
    presence,
    priors,
    probability,
    radiographs,
    report,
    review,
    service,
    statement,
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
    documents.router,
    review.router,
    macros.router,
    assessment.router,
    statement.router,
    alert.router,
    radiographs.router,
    probability.router,
    marks.router,
    priors.router,
    presence.router,
    service.router,
    health.router,
    login.router,
    password_login.router,
    admin.router,
    login.pages,
    password_login.pages,
    launch.router,
    dicomweb_search.router,
    dicomweb_retrieve.router,
    dicomweb_rendered.router,
    dicomweb_store.router,
    pages.router,
)


def create_app(services: Services) -> FastAPI:
    """Return the application for `services`; it starts nothing and reads no settings by itself."""
    settings = services.settings
    identity = Identity.of(settings, logins=services.logins)
    auditor = _auditor(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pulse = app.state.pulse = Pulse(services.queue.lengths)
        threading.Thread(target=pulse.keep_taking, name="pulse", daemon=True).start()
        present = Presence(connect(services.redis_url))
        maps = ProbabilityMaps(connect(services.redis_url, decode=False))
        kept = app.state.held = Held(services, Holdings(services.archive), identity, auditor, maps, present)
        threading.Thread(target=kept.warm_up, name="worklist", daemon=True).start()
        yield
        app.state.held.closing.set()
        pulse.stop()
        maps.close()
        present.close()
        await anyio.to_thread.run_sync(auditor.trail.close)

    app = FastAPI(
        title="Kidray",
        version=service_version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # both would load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation_name,
        middleware=[
            Middleware(Measure),
            Middleware(SecurityHeaders),
            Middleware(Watch, auditor=auditor),
            Middleware(
                Gate,
                hosts=trusted_hosts(settings.web_host, is_open=identity.doors.open),
                doors=identity.doors,
            ),
            Middleware(GZipMiddleware, compresslevel=4, exclude_content_types=NOT_COMPRESSED),
            Middleware(BodyLimit, largest=LARGEST_BODY, streamed=[dicomweb_store.router.prefix]),
        ],
    )
    add_problem_answers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _auditor(settings: Settings) -> Auditor:
    syslog = Syslog(settings.audit_syslog) if settings.audit_syslog else None
    return Auditor(Trail(settings.home / "audit", syslog=syslog), settings.ae_title)


def _operation_name(route: APIRoute) -> str:
    return route.name
