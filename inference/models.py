"""Model packages: a folder with the network, what it needs to be read, and what it was shown to do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.finding_score import FindingScore
from inference.runtime import Precision
from inference.scores import ALL_FEATURES, FEATURES, Calibration
from study.errors import ModelError
from study.findings import FINDINGS, FindingLabel
from study.model import ModelIdentity, Probability

_Description = TypeVar("_Description", bound=BaseModel)

SHIPPED = "kidray-unet-phantom"
DESCRIPTION_FILE, NETWORK_FILE, WEIGHTS_FILE, CARD_FILE = (
    "model.json",
    "model.onnx",
    "model.safetensors",
    "CARD.md",
)
QUANTISED_FILE, GOLDEN_FILE = "model.int8.onnx", "golden.png"


class Golden(BaseModel):
    """What the network answered, in float32, to the image in ``golden.png`` when it was exported.

    Attributes
    ----------
    scores
        Calibrated probability of each finding, in segment order.
    label_shares
        Share of the square's pixels that get each label, background first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str  # of golden.png
    scores: Annotated[list[Probability], Field(min_length=len(FINDINGS), max_length=len(FINDINGS))]
    label_shares: Annotated[list[float], Field(min_length=len(FINDINGS) + 1, max_length=len(FINDINGS) + 1)]


class ModelDescription(BaseModel):
    """The content of ``model.json``.

    Attributes
    ----------
    width, depth, widest, stem, residual, image_head
        The network, as `inference.unet.UNet` takes them.
    head_name
        Output of the image-level head's logits, (N, 4); None where the network has none.
    features
        What the scores rest on: `inference.scores.FEATURES`, and the head's logit where there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    sha256: str  # of model.onnx
    weights_sha256: str  # of model.safetensors
    architecture: str
    width: int
    depth: int
    widest: int | None = None
    stem: int = 1
    residual: bool = False
    image_head: bool = False
    size: Annotated[int, Field(ge=16)]  # side of the square that the network reads
    labels: list[FindingLabel]  # in segment order
    input_name: str
    output_name: str
    head_name: str | None = None
    preprocessing: str
    features: list[str]
    scores: dict[FindingLabel, FindingScore]
    disclaimer: str
    training: dict[str, Any]
    metrics: dict[str, Any]
    golden: Golden | None = None

    @property
    def output_names(self) -> list[str]:
        """The ONNX network's outputs, in order."""
        return [self.output_name] if self.head_name is None else [self.output_name, self.head_name]

    @property
    def network(self) -> dict[str, Any]:
        """What `inference.unet.UNet` is built from."""
        return self.model_dump(include={"width", "depth", "widest", "stem", "residual", "image_head"})


@dataclass(frozen=True)
class ModelPackage:
    """A model package whose files were checked against their hashes."""

    folder: Path
    description: ModelDescription

    @property
    def network(self) -> Path:
        """Path of the ONNX network: (N, 1, S, S) float32 to softmax probabilities (N, 5, S, S).

        Where the description names a head, its logits (N, 4) are the second output.
        """
        return self.folder / NETWORK_FILE

    def network_for(self, precision: Precision) -> Path:
        """Return the network that a precision takes: INT8 has one of its own.

        Raises
        ------
        ModelError
            If the package holds no quantised network.
        """
        if precision is not Precision.INT8:
            return self.network
        quantised = self.folder / QUANTISED_FILE
        if not quantised.is_file():
            raise ModelError(
                f"{self.description.name} has no {QUANTISED_FILE}; make it with "
                "`kidray models certify --precision int8`, or set KIDRAY_PRECISION=fp32"
            )
        return quantised

    @property
    def weights(self) -> Path:
        """Path of the same network's weights for torch."""
        return self.folder / WEIGHTS_FILE

    @property
    def size(self) -> int:
        """Side of the square that the network reads."""
        return self.description.size

    @property
    def identity(self) -> ModelIdentity:
        """What goes into every object that this model's results become."""
        described = self.description
        return ModelIdentity(
            name=described.name,
            version=described.version,
            sha256=described.sha256,
            disclaimer=described.disclaimer,
        )

    @property
    def calibration(self) -> Calibration:
        """The image-level score of every finding, in segment order, its temperature in it."""
        rows = [self.description.scores[label] for label in FINDINGS]
        return Calibration(
            np.array([[weight / row.temperature for weight in row.weights] for row in rows], np.float64),
            np.array([row.bias / row.temperature for row in rows], np.float64),
        )

    def score(self, label: FindingLabel) -> FindingScore:
        """Return the operating point and the indeterminate band of a finding."""
        return self.description.scores[label]


def load_package(path: Path | None = None) -> ModelPackage:
    """Return the model package in a folder; the one that ships with Kidray where `path` is None.

    Raises
    ------
    ModelError
        If a file is missing, malformed, or differs from what ``model.json`` says of it.
    """
    folder = shipped_folder() if path is None else path
    description = read_description(folder / DESCRIPTION_FILE, ModelDescription)
    if list(description.labels) != list(FINDINGS) or set(description.scores) != set(FINDINGS):
        raise ModelError(f"{folder}: its labels {description.labels} are not the findings {list(FINDINGS)}")
    _check_features(folder, description)
    expected = {NETWORK_FILE: description.sha256, WEIGHTS_FILE: description.weights_sha256}
    if description.golden is not None:
        expected[GOLDEN_FILE] = description.golden.sha256
    for name, sha256 in expected.items():
        _verify(folder / name, sha256)
    return ModelPackage(folder, description)


def _check_features(folder: Path, description: ModelDescription) -> None:
    computed = FEATURES if description.head_name is None else ALL_FEATURES
    if tuple(description.features) != computed:
        raise ModelError(
            f"{folder}: its scores rest on {description.features}, this version computes {list(computed)}"
        )
    for label, score in description.scores.items():
        if len(score.weights) != len(computed):
            raise ModelError(
                f"{folder}: {label} has {len(score.weights)} weights for {len(computed)} features"
            )


def shipped_folder() -> Path:
    """Return the folder of the model package that ships with Kidray."""
    return Path(str(resources.files("inference"))) / "weights" / SHIPPED


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_description(path: Path, kind: type[_Description]) -> _Description:
    """Return the content of a package's ``model.json``, of any task.

    Raises
    ------
    ModelError
        If it is missing or malformed.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(f"{path.parent} is not a model package: it has no {path.name}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path.parent} is not a whole model package: it has no {path.name}")
    found = file_sha256(path)
    if found != expected:
        raise ModelError(
            f"{path} is damaged or was replaced: its SHA-256 is {found[:16]}…, "
            f"{DESCRIPTION_FILE} says {expected[:16]}…; restore the package"
        )
