"""Predictions made from a phantom's ground truth, so that what follows the network is tested alone."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from inference.finding_score import FindingScore
from inference.models import ModelDescription, ModelPackage
from inference.predict import Prediction
from inference.preprocess import prepare
from inference.scores import FEATURES
from study.findings import FINDINGS
from study.model import DISCLAIMER_EN
from training.phantom import Phantom

MADE_AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
PRESENT, ABSENT = 0.97, 0.03

PACKAGE = ModelPackage(
    Path("nowhere"),
    ModelDescription(
        name="kidray-unet-phantom",
        version="1.2.0",
        sha256="5e" * 32,
        weights_sha256="0f" * 32,
        architecture="unet",
        width=16,
        depth=4,
        size=256,
        labels=list(FINDINGS),
        input_name="radiograph",
        output_name="probabilities",
        preprocessing="letterbox",
        features=list(FEATURES),
        scores={
            label: FindingScore(weights=[0, 0, 0], bias=0, operating_point=0.5, indeterminate_from=0.3)
            for label in FINDINGS
        },
        disclaimer=DISCLAIMER_EN,
        training={},
        metrics={},
    ),
)


def prediction_of(phantom: Phantom, scores: list[float] | None = None, size: int = 256) -> Prediction:
    """Return what a network that is right and sure would answer: soft edges, truth inside."""
    square, box = prepare(phantom.attenuation_image, size)
    shares = [box.pad(box.shrink(channel.astype(np.float32)), 0.0) for channel in phantom.mask]
    probabilities = np.stack([1 - sum(shares), *shares]).clip(0.01, 0.99).astype(np.float32)
    probabilities /= probabilities.sum(axis=0)
    found = [PRESENT if channel.any() else ABSENT for channel in phantom.mask]
    return Prediction(probabilities, np.array(scores or found), box, square[0])
