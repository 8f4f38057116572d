"""Which model package reads which study: the `[[models]]` tables of the settings, with their predictors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from dicom_node.site_rules import why_unmet
from inference.predict import Predictor
from inference.runtime import Precision
from inference.serving import Serving, log_ready, open_predictor
from inference.store import ModelStore
from study.archive import Archive
from study.decision import Decision
from study.errors import KidrayError
from study.inspection import MALFORMED
from study.model import ModelIdentity
from study.rule import Conditions, ModelChoice
from study.settings import Settings

COMPILED = "compiled-networks"  # folder under the home folder


@dataclass(frozen=True)
class Readers:
    """The predictors of one worker.

    Attributes
    ----------
    usual
        Reads what no table gives to another.
    chosen
        With their conditions, in the order of the tables.
    shadows
        With their conditions; they read after the one that is shown.
    """

    usual: Predictor
    chosen: tuple[tuple[ModelChoice, Predictor], ...] = ()
    shadows: tuple[tuple[ModelChoice, Predictor], ...] = ()

    @classmethod
    def open(cls, settings: Settings) -> Readers:
        """Return the predictors that the settings ask for, each package opened once.

        Raises
        ------
        ModelError
            If one of them cannot serve.
        """
        store, serving = ModelStore.of(settings.home), serving_of(settings)
        opened: dict[Path, Predictor] = {}

        def predictor(asked: str | Path | None) -> Predictor:
            package = store.package(asked)
            if package.folder not in opened:
                opened[package.folder] = open_predictor(package, serving)
                log_ready(opened[package.folder])
            return opened[package.folder]

        usual = predictor(settings.model)
        tables = [(table, predictor(table.model)) for table in settings.models]
        return cls(
            usual,
            tuple((table, each) for table, each in tables if not table.shadow),
            tuple((table, each) for table, each in tables if table.shadow),
        )

    @property
    def shown(self) -> list[Predictor]:
        """Return every predictor whose results are shown."""
        return list(dict.fromkeys([self.usual, *(each for _, each in self.chosen)]))

    def of(self, model: ModelIdentity) -> Predictor | None:
        """Return the predictor of that package in that version, shown or not; None where it is not here."""
        opened = [*self.shown, *(each for _, each in self.shadows)]
        return next((each for each in opened if _same(each.package.identity, model)), None)

    def for_study(self, headers: Callable[[], Iterable[Dataset]], calling_ae_title: str) -> Predictor:
        """Return who reads a study.

        Parameters
        ----------
        headers
            Gives the headers of its radiographs that are for the model; asked only where tables are.
        """
        seen = list(headers()) if self.chosen else []
        for table, predictor in self.chosen:
            if _fits(table, seen, calling_ae_title):
                return predictor
        return self.usual

    def shadows_for(self, headers: Callable[[], Iterable[Dataset]], calling_ae_title: str) -> list[Predictor]:
        """Return who reads a study besides, without being shown."""
        seen = list(headers()) if self.shadows else []
        fitting = [each for table, each in self.shadows if _fits(table, seen, calling_ae_title)]
        return list(dict.fromkeys(fitting))


def serving_of(settings: Settings) -> Serving:
    """Return how the settings have networks evaluated."""
    return Serving(
        device=settings.device,
        engine=settings.runtime,
        precision=Precision(settings.precision),
        threads=settings.worker_threads,
        cache=settings.home / COMPILED,
        compiled=settings.compile_network,
        batch_window=settings.batch_window / 1000,
    )


def headers_for_the_model(
    study_uid: str,
    archive: Archive,
    *,
    header_of: Callable[[Path], Dataset],
    decide: Callable[[Dataset], Decision],
) -> Iterator[Dataset]:
    """Yield the headers of a study's instances that are for the model; what cannot be read is left out."""
    for ref in archive.instances(study_uid):
        try:
            header = header_of(archive.path(ref))
            if decide(header).for_model:
                yield header
        except (KidrayError, *MALFORMED):  # the segment step names it
            continue


def _fits(conditions: Conditions, headers: Iterable[Dataset], calling_ae_title: str) -> bool:
    return any(why_unmet(conditions, header, calling_ae_title) is None for header in headers)


def _same(one: ModelIdentity, other: ModelIdentity) -> bool:
    return (one.name, one.version, one.sha256) == (other.name, other.version, other.sha256)
