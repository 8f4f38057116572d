"""Packages of the task "view": a small network that says what a radiograph shows, and when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inference.models import DESCRIPTION_FILE, NETWORK_FILE, file_sha256, read_description
from study.errors import ModelError
from study.image_kind import ImageKind
from study.model import Probability

SHIPPED_VIEW = "kidray-view-phantom"
TASK = "view"


class ViewDescription(BaseModel):
    """The content of a view package's ``model.json``.

    Attributes
    ----------
    kinds
        What the network tells apart, in the order of its outputs.
    threshold
        A radiograph is read where the readable kinds have together at least this probability.
    temperature
        Divides the logits before they become probabilities (Guo et al. 2017).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    task: Literal["view"]
    sha256: str  # of model.onnx
    architecture: str
    size: Annotated[int, Field(ge=16)]  # side of the square that the network reads
    kinds: Annotated[list[ImageKind], Field(min_length=2)]
    threshold: Probability
    temperature: Annotated[float, Field(gt=0)] = 1.0
    input_name: str
    output_name: str
    preprocessing: str
    disclaimer: str
    training: dict[str, Any]
    metrics: dict[str, Any]


@dataclass(frozen=True)
class ViewPackage:
    """A view package whose network was checked against its hash."""

    folder: Path
    description: ViewDescription

    @property
    def network(self) -> Path:
        """Path of the ONNX network: (N, 1, S, S) float32 to logits (N, kinds)."""
        return self.folder / NETWORK_FILE


def load_view_package(path: Path | None = None) -> ViewPackage:
    """Return the view package in a folder; the one that ships with Kidray where `path` is None.

    Raises
    ------
    ModelError
        If a file is missing, malformed, or differs from what ``model.json`` says of it.
    """
    folder = shipped_view_folder() if path is None else path
    description = read_description(folder / DESCRIPTION_FILE, ViewDescription)
    if not any(kind.is_readable for kind in description.kinds):
        raise ModelError(f"{folder}: it tells no readable kind, so that nothing would be read")
    if len(set(description.kinds)) != len(description.kinds):
        raise ModelError(f"{folder}: it names a kind twice")
    package = ViewPackage(folder, description)
    if not package.network.is_file() or file_sha256(package.network) != description.sha256:
        raise ModelError(f"{package.network} is missing, damaged or was replaced; restore the package")
    return package


def shipped_view_folder() -> Path:
    """Return the folder of the view package that ships with Kidray."""
    return Path(str(resources.files("inference"))) / "weights" / SHIPPED_VIEW
