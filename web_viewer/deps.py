"""What the routes stand on: the services that the command line wires, given to routes by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import anyio
import structlog
from fastapi import Depends, Request
from pydantic import AfterValidator

from study.archive import Archive
from study.destination import Destination
from study.document import Export
from study.errors import RegistryUnavailableError
from study.fence import Fence
from study.holdings import Holdings
from study.identifiers import checked_uid
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from study.model import ModelIdentity
from study.probability_maps import ProbabilityMaps
from study.registry import Registry
from study.review import Review
from study.service import Service
from study.settings import Settings
from web_viewer import decoded
from web_viewer.audit.told import Auditor
from web_viewer.identity.person import NOBODY_IN_PARTICULAR, Person
from web_viewer.identity.roll import Reader
from web_viewer.identity.wiring import Identity
from web_viewer.presence import Presence
from web_viewer.renditions import Renditions
from web_viewer.worklist_index import WorklistIndex

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
ModelUse = Literal["shown", "chosen", "shadow"]
DECODED_AT_ONCE = 2  # instances; each needs up to 1 GB


@dataclass(frozen=True)
class Services:
    """All that the web role needs from outside.

    Attributes
    ----------
    archive, ledger, registry, queue, intake
        The parts of `study`, wired to one archive and one Redis.
    settings
        As read by the command line.
    redis_url
        Where changes of studies are announced; a subscription is opened for each open worklist.
    fence
        Where instances are decoded; whoever made it closes it.
    dicom_port
        Where the DICOM node listens; the settings' port where None.
    model
        What drafts and segmentations are made with; None where no model is installed.
    further_models
        Those of the settings' tables, and what each is for.
    echo
        Returns the seconds in which a destination answered a C-ECHO; None where nobody can ask.
    static
        Folder of the viewer's build.
    review
        What looks at a reader's words and verdicts; None where nothing does.
    export
        What makes files of reports; None where nothing does.
    logins
        Returns the logins as the settings' file says them now; None where they stay as they are.
    """

    archive: Archive
    ledger: Ledger
    registry: Registry
    queue: JobQueue
    intake: Intake
    settings: Settings
    redis_url: str
    fence: Fence
    dicom_port: int | None = None
    model: ModelIdentity | None = None
    further_models: tuple[tuple[ModelUse, ModelIdentity], ...] = ()
    echo: Callable[[Destination], float] | None = None
    static: Path = STATIC
    review: Review | None = None
    export: Export | None = None
    logins: Reader | None = None


def services_of(
    service: Service,
    *,
    dicom_port: int | None = None,
    model: ModelIdentity | None = None,
    further_models: Sequence[tuple[ModelUse, ModelIdentity]] = (),
    echo: Callable[[Destination], float] | None = None,
    review: Review | None = None,
    export: Export | None = None,
    logins: Reader | None = None,
) -> Services:
    """Return the services of the web role over what all roles share."""
    return Services(
        archive=service.ledger.archive,
        ledger=service.ledger,
        registry=service.ledger.registry,
        queue=service.queue,
        intake=service.intake(),
        settings=service.settings,
        redis_url=service.redis_url,
        fence=Fence(DECODED_AT_ONCE, modules=[decoded.__name__]),
        dicom_port=dicom_port,
        model=model,
        further_models=tuple(further_models),
        echo=echo,
        review=review,
        export=export,
        logins=logins,
    )


@dataclass(frozen=True)
class Held:
    """What one running application keeps between requests.

    Attributes
    ----------
    closing
        Set when the server is about to stop, so that open event streams end.
    """

    services: Services
    holdings: Holdings
    identity: Identity
    audit: Auditor
    maps: ProbabilityMaps
    presence: Presence
    renditions: Renditions = field(default_factory=Renditions)
    index: WorklistIndex = field(default_factory=WorklistIndex)
    closing: anyio.Event = field(default_factory=anyio.Event)

    def warm_up(self) -> None:
        """Read the worklist once, so that nobody's first search, or look for earlier studies, has to."""
        try:
            patients = self.index.patients(self.services.registry)
        except (RegistryUnavailableError, ValueError) as error:  # the first search does it
            # No more is said: what a record should not hold may be a patient's name.
            log.warning("worklist_not_known_yet", error=type(error).__name__)
        else:
            self.holdings.know_patients(patients)
            log.info("worklist_known", studies=len(patients))


def held(request: Request) -> Held:
    """Return what the application keeps."""
    kept: Held = request.app.state.held
    return kept


HeldDep = Annotated[Held, Depends(held)]


def _person(request: Request) -> Person:
    person: Person | None = request.scope.get("state", {}).get("person")
    return person or NOBODY_IN_PARTICULAR._replace(roles=frozenset())


PersonDep = Annotated[Person, Depends(_person)]


def _services(kept: HeldDep) -> Services:
    return kept.services


def _archive(kept: HeldDep) -> Archive:
    return kept.services.archive


def _ledger(kept: HeldDep) -> Ledger:
    return kept.services.ledger


def _registry(kept: HeldDep) -> Registry:
    return kept.services.registry


def _queue(kept: HeldDep) -> JobQueue:
    return kept.services.queue


def _review(kept: HeldDep) -> Review | None:
    return kept.services.review


def _holdings(kept: HeldDep) -> Holdings:
    return kept.holdings


def _renditions(kept: HeldDep) -> Renditions:
    return kept.renditions


ServicesDep = Annotated[Services, Depends(_services)]
ArchiveDep = Annotated[Archive, Depends(_archive)]
LedgerDep = Annotated[Ledger, Depends(_ledger)]
RegistryDep = Annotated[Registry, Depends(_registry)]
QueueDep = Annotated[JobQueue, Depends(_queue)]
ReviewDep = Annotated["Review | None", Depends(_review)]
HoldingsDep = Annotated[Holdings, Depends(_holdings)]
RenditionsDep = Annotated[Renditions, Depends(_renditions)]

# A UID in a path or a query; answered with 400 where it is none.
CheckedUID = Annotated[str, AfterValidator(checked_uid)]
