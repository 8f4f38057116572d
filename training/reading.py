"""Read one radiograph as it is served, and compare what is said of it with what is true."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from inference.eligibility import Judge
from inference.hanging import Hanging
from inference.measure import Measured, measure
from inference.predict import Prediction, Predictor
from study.findings import FINDINGS, FindingLabel
from study.geometry import spacing_mm
from study.model import Presence
from study.unread import Unread
from training.froc import Marks, marks_of
from training.metrics import dice
from training.surface import surface_distance

COUNT = len(FINDINGS)


@dataclass(frozen=True)
class Facts:
    """What is known of a radiograph besides its findings; by these the figures are broken down.

    Attributes
    ----------
    severities
        Of the findings that are there, 0 (what readers miss) to 1 (gross); empty where unknown.
    mimics
        Look-alikes of a finding that were drawn.
    """

    view: str = "unknown"
    age_months: int | None = None
    severities: dict[FindingLabel, float] = field(default_factory=dict)
    mimics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """One radiograph that a model is judged on, with its ground truth.

    Attributes
    ----------
    name
        What it is called in a report; nothing that names a patient.
    patient
        Number of the patient within the set.
    header
        Its data set, or as much of one as measuring needs.
    values
        float32 (H, W), bright where more is absorbed, as stored.
    present
        Which findings are there, bool (4,).
    masks
        Their outlines as stored, bool (4, H, W); None where the findings are known as a whole only.
    """

    name: str
    patient: int
    header: Dataset
    values: NDArray[np.float32]
    present: NDArray[np.bool_]
    masks: NDArray[np.bool_] | None
    facts: Facts

    @property
    def upright_masks(self) -> NDArray[np.bool_] | None:
        """The outlines in the standard hanging, as the network sees the radiograph."""
        if self.masks is None:
            return None
        hanging = Hanging.of(self.header)
        return np.stack([hanging.upright(mask) for mask in self.masks])


@dataclass(frozen=True)
class Reading:
    """What the model said of one radiograph, beside the truth; arrays in segment order.

    Attributes
    ----------
    index
        Of the radiograph in its set.
    scores
        Calibrated probabilities, float64 (4,); NaN where it was left unread.
    called, undecided
        Served as present, and as indeterminate, bool (4,).
    present
        Truly there, bool (4,).
    dices
        Dice of the served mask, on the radiograph's pixels; NaN where the finding is not there or its
        outline is unknown; 0 where it is there and called absent (4,).
    distances
        Mean and 95 % Hausdorff distance of the outlines, mm at the detector (4, 2); NaN where one has no
        outline or the spacing is unknown.
    marks
        Lesions and candidates of each finding; None where outlines are unknown.
    seconds
        Time of judging, preprocessing, network and measurements.
    unread
        Why it was left unread; None where it was read.
    """

    index: int
    name: str
    patient: int
    facts: Facts
    scores: NDArray[np.float64]
    called: NDArray[np.bool_]
    undecided: NDArray[np.bool_]
    present: NDArray[np.bool_]
    dices: NDArray[np.float64]
    distances: NDArray[np.float64]
    marks: tuple[Marks, ...] | None
    seconds: float
    unread: Unread | None = None


def read_sample(sample: Sample, index: int, predictor: Predictor) -> tuple[Reading, Prediction, Measured]:
    """Return the reading of a radiograph, with the maps and masks that it came from."""
    began = time.perf_counter()
    prediction = predictor.predict(Hanging.of(sample.header).upright(sample.values))
    measured = measure(prediction, sample.header, predictor.package)
    seconds = time.perf_counter() - began
    verdicts = [finding.presence for finding in measured.findings]
    reading = Reading(
        index=index,
        name=sample.name,
        patient=sample.patient,
        facts=sample.facts,
        scores=prediction.scores,
        called=np.array([verdict is Presence.PRESENT for verdict in verdicts]),
        undecided=np.array([verdict is Presence.INDETERMINATE for verdict in verdicts]),
        present=sample.present,
        dices=_dices(sample, measured),
        distances=_distances(sample, measured),
        marks=_marks(sample, prediction),
        seconds=seconds,
    )
    return reading, prediction, measured


def judged(sample: Sample, judge: Judge) -> Unread | None:
    """Return why a radiograph is left unread by its pixels; None where it is read."""
    return judge(Hanging.of(sample.header).upright(sample.values)).unread


def left_unread(sample: Sample, index: int, unread: Unread, seconds: float) -> Reading:
    """Return the reading of a radiograph that is left unread: nothing is called, nothing is drawn."""
    nothing = np.zeros(COUNT, np.bool_)
    dices, masks = np.full(COUNT, np.nan), sample.upright_masks
    if masks is not None:
        dices[masks.any(axis=(1, 2))] = 0
    return Reading(
        index=index,
        name=sample.name,
        patient=sample.patient,
        facts=sample.facts,
        scores=np.full(COUNT, np.nan),
        called=nothing,
        undecided=nothing,
        present=sample.present,
        dices=dices,
        distances=np.full((COUNT, 2), np.nan),
        marks=None if masks is None else tuple(marks_of(_blank(mask), mask, 0.0) for mask in masks),
        seconds=seconds,
        unread=unread,
    )


def _blank(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.zeros(mask.shape, np.float32)


def _dices(sample: Sample, measured: Measured) -> NDArray[np.float64]:
    dices = np.full(COUNT, np.nan)
    if sample.masks is not None:
        for number in np.flatnonzero(sample.masks.any(axis=(1, 2))):
            dices[number] = dice(measured.labels == number + 1, sample.masks[number])
    return dices


def _distances(sample: Sample, measured: Measured) -> NDArray[np.float64]:
    distances = np.full((COUNT, 2), np.nan)
    spacing = spacing_mm(sample.header)
    if sample.masks is not None and spacing is not None:
        for number in np.flatnonzero(sample.masks.any(axis=(1, 2))):
            distances[number] = surface_distance(measured.labels == number + 1, sample.masks[number], spacing)
    return distances


def _marks(sample: Sample, prediction: Prediction) -> tuple[Marks, ...] | None:
    masks = sample.upright_masks
    if masks is None:
        return None
    maps = prediction.probabilities[1:]
    return tuple(
        marks_of(prediction.letterbox.enlarge(channel), mask, float(score))
        for channel, mask, score in zip(maps, masks, prediction.scores, strict=True)
    )
