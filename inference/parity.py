"""The proof that a network computed in less than float32 decides as it does in float32.

A certificate belongs to one network, one precision and one engine in one version. It is written on a
set with ground truth that the network was not trained on, and kept in the package as ``parity.json``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from inference.models import ModelPackage, file_sha256
from inference.runtime import Answer, Precision, Runtime
from inference.scores import image_scores
from study.errors import ModelError
from study.findings import FINDINGS
from study.model import Presence

PARITY_FILE = "parity.json"
LEAST_AGREEMENT = 0.995  # share of pixels that get the same label
MOST_DICE_LOST = 0.005
MOST_BANDS_CHANGED = 0.02  # share of decisions that move to or from indeterminate


class Certificate(BaseModel):
    """How a precision compares with float32 on one set.

    Attributes
    ----------
    network_sha256
        Of the file that is evaluated: for INT8 the quantised network.
    engine
        Name and version, such as "OpenVINO 2026.4.1".
    images, set
        How many radiographs, and of what.
    label_agreement
        Share of the square's pixels that get the same label.
    dice_fp32, dice
        Mean per-image Dice of the findings that are there, at the network's grid.
    decisions
        Findings times images.
    reversed
        Decisions that went from present to absent or back.
    bands_changed
        Decisions that moved to or from indeterminate.
    largest_score_delta
        Of a calibrated probability.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network_sha256: str
    precision: Precision
    engine: str
    processor: str
    set: str
    images: int
    label_agreement: float
    dice_fp32: float
    dice: float
    decisions: int
    reversed: int
    bands_changed: int
    largest_score_delta: float
    made_at: datetime

    @property
    def shortfalls(self) -> list[str]:
        """In words, each bound that is not kept; none where the precision may serve."""
        short = []
        if self.label_agreement < LEAST_AGREEMENT:
            short.append(f"label agreement {self.label_agreement:.4f} is below {LEAST_AGREEMENT}")
        if self.dice_fp32 - self.dice > MOST_DICE_LOST:
            short.append(f"Dice falls from {self.dice_fp32:.4f} to {self.dice:.4f}")
        if self.reversed:
            short.append(f"{self.reversed} of {self.decisions} decisions are reversed")
        if self.bands_changed > MOST_BANDS_CHANGED * self.decisions:
            short.append(f"{self.bands_changed} of {self.decisions} decisions move to or from indeterminate")
        return short


_CERTIFICATES = TypeAdapter(list[Certificate])


class Case(NamedTuple):
    """One radiograph as the network reads it, float32 (S, S), and its labels, uint8 (S, S)."""

    field: NDArray[np.float32]
    labels: NDArray[np.uint8]


def engine_of(runtime: Runtime) -> str:
    """Return a runtime's engine and version without where it runs: "OpenVINO 2026.4.1"."""
    return runtime.name.partition(" on ")[0]


def compare(
    package: ModelPackage,
    candidate: Runtime,
    reference: Runtime,
    cases: Iterable[Case],
    *,
    described: str,
    processor: str,
    made_at: datetime,
) -> Certificate:
    """Return how a runtime's answers compare with those of `reference`, which computes in float32.

    Raises
    ------
    ModelError
        If there is no case.
    """
    tally = _Tally()
    for case in cases:
        batch = case.field[None, None]
        tally.add(package, candidate(batch), reference(batch), case.labels)
    if not tally.images:
        raise ModelError("there is no radiograph to compare on")
    return Certificate(
        network_sha256=file_sha256(package.network_for(candidate.precision)),
        precision=candidate.precision,
        engine=engine_of(candidate),
        processor=processor,
        set=described,
        images=tally.images,
        label_agreement=round(tally.agreement / tally.images, 6),
        dice_fp32=round(float(np.mean(tally.dice_reference or [1.0])), 4),
        dice=round(float(np.mean(tally.dice or [1.0])), 4),
        decisions=tally.images * len(FINDINGS),
        reversed=tally.reversed,
        bands_changed=tally.bands_changed,
        largest_score_delta=round(tally.largest_score_delta, 4),
        made_at=made_at,
    )


class _Tally:
    """What is counted over the cases."""

    def __init__(self) -> None:
        self.images = self.reversed = self.bands_changed = 0
        self.agreement = self.largest_score_delta = 0.0
        self.dice: list[float] = []
        self.dice_reference: list[float] = []

    def add(
        self, package: ModelPackage, candidate: Answer, reference: Answer, truth: NDArray[np.uint8]
    ) -> None:
        """Count one radiograph."""
        ours, theirs = (a.probabilities[0].argmax(axis=0) for a in (candidate, reference))
        self.images += 1
        self.agreement += float(np.mean(ours == theirs))
        self.dice += _dice(ours, truth)
        self.dice_reference += _dice(theirs, truth)
        scores, expected = _scores(package, candidate), _scores(package, reference)
        self.largest_score_delta = max(self.largest_score_delta, float(np.abs(scores - expected).max()))
        for label, one, other in zip(FINDINGS, scores, expected, strict=True):
            verdicts = {package.score(label).presence(p) for p in (float(one), float(other))}
            if len(verdicts) > 1:
                self.bands_changed += Presence.INDETERMINATE in verdicts
                self.reversed += Presence.INDETERMINATE not in verdicts


def _dice(labels: NDArray[np.int64], truth: NDArray[np.uint8]) -> list[float]:
    there = [number for number in range(1, len(FINDINGS) + 1) if np.any(truth == number)]
    overlaps = [
        2 * np.count_nonzero((labels == n) & (truth == n)) / (np.sum(labels == n) + np.sum(truth == n))
        for n in there
    ]
    return [float(overlap) for overlap in overlaps]


def _scores(package: ModelPackage, answer: Answer) -> NDArray[np.float64]:
    head = None if answer.head is None else answer.head[0]
    return image_scores(answer.probabilities[0], package.calibration, head)


def certificates(package: ModelPackage) -> list[Certificate]:
    """Return the certificates that a package holds.

    Raises
    ------
    ModelError
        If its file is malformed.
    """
    path = _file(package)
    try:
        return _CERTIFICATES.validate_json(path.read_bytes()) if path.is_file() else []
    except ValidationError as error:
        raise ModelError(f"{path}: {error.errors()[0]['msg']}; remove it and certify again") from error


def keep(package: ModelPackage, certificate: Certificate) -> None:
    """Write a certificate into its package, in the place of an older one for the same.

    Raises
    ------
    ModelError
        If the package cannot be written to.
    """
    others = [c for c in certificates(package) if _subject(c) != _subject(certificate)]
    content = _CERTIFICATES.dump_json([*others, certificate], indent=2) + b"\n"
    try:
        _file(package).write_bytes(content)
    except OSError as error:
        raise ModelError(
            f"{_file(package)} cannot be written: {error.strerror}; make a copy of the package with "
            "`kidray models add`, and certify that"
        ) from error


def check_certified(package: ModelPackage, runtime: Runtime) -> Certificate | None:
    """Return the certificate by which a runtime may serve; None for float32, which needs none.

    Raises
    ------
    ModelError
        If there is none, or what it states does not suffice.
    """
    if runtime.precision is Precision.FP32:
        return None
    subject = (
        file_sha256(package.network_for(runtime.precision)),
        runtime.precision,
        engine_of(runtime),
    )
    for certificate in certificates(package):
        if _subject(certificate) == subject:
            if certificate.shortfalls:
                raise ModelError(
                    f"{package.description.name} may not serve in {runtime.precision}: "
                    f"{'; '.join(certificate.shortfalls)}; set KIDRAY_PRECISION=fp32"
                )
            return certificate
    raise ModelError(
        f"{package.description.name} has no parity certificate for {runtime.precision} on "
        f"{subject[2]}; write one with `kidray models certify --precision {runtime.precision}`, "
        "or set KIDRAY_PRECISION=fp32"
    )


def _subject(certificate: Certificate) -> tuple[str, Precision, str]:
    return certificate.network_sha256, certificate.precision, certificate.engine


def _file(package: ModelPackage) -> Path:
    return package.folder / PARITY_FILE
