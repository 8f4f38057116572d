"""A phantom of each kind, drawn once, and the model that ships."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom import Dataset

from inference.measure import Measured, measure
from inference.models import load_package
from inference.predict import Predictor
from tests.inference.truth import PACKAGE, prediction_of
from training.phantom import ABDOMINAL_KINDS, Phantom, PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

SIZE = (1024, 896)
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
