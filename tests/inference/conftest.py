"""A phantom of each kind, drawn once, and the model that ships."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timezone

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from inference.measure import Measured, measure
from inference.models import load_package
from inference.predict import Predictor
from inference.step import segment_study
from study.decision import Decision
from study.history import Queued, Received
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from tests.inference.truth import PACKAGE, prediction_of
from training.phantom import ABDOMINAL_KINDS, Phantom, PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

SIZE = (1024, 896)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
FOUND = tuple(kind for kind in ABDOMINAL_KINDS if kind is not PhantomKind.NORMAL)


@pytest.fixture(scope="session")
def phantoms() -> dict[PhantomKind, Phantom]:
    return {kind: draw_phantom(41, kind, size=SIZE) for kind in PhantomKind}


@pytest.fixture(scope="session")
def radiographs(phantoms: dict[PhantomKind, Phantom]) -> dict[PhantomKind, Dataset]:
    return {kind: radiograph_dataset(phantom, number=1) for kind, phantom in phantoms.items()}


@pytest.fixture(scope="session")
def measured(
    phantoms: dict[PhantomKind, Phantom], radiographs: dict[PhantomKind, Dataset]
) -> Callable[[PhantomKind], Measured]:
    """Measurements of a phantom whose prediction is its ground truth."""
    return lambda kind: measure(prediction_of(phantoms[kind]), radiographs[kind], PACKAGE)


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor(load_package())


@pytest.fixture
def a_read_study(ledger: Ledger, radiographs, predictor) -> StudyRecord:
    """Return a study of one phantom with free air and one without a finding, as the model read it."""
    uid = generate_uid()
    for kind in (PhantomKind.PNEUMOPERITONEUM, PhantomKind.NORMAL):
        dataset = deepcopy(radiographs[kind])
        dataset.StudyInstanceUID, dataset.PatientName = uid, "HONG^GILDONG"
        ledger.archive.write_dataset(dataset)
    ledger.append(uid, lambda _: Received(at=NOW, revision=1, calling_ae_title="CR", summary=StudySummary()))
    ledger.append(uid, lambda _: Queued(at=NOW, revision=1, instances=2))
    return segment_study(uid, ledger=ledger, predictor=predictor, decide=lambda _: Decision(True))
