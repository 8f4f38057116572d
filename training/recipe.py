"""A training recipe: everything that decides how a network is trained, read from a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import Self

from study.compat import tomllib
from study.errors import SettingsError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataPart(_Part):
    """Which radiographs: phantoms drawn from seeds, folders of DICOM and SEG, or a manifest."""

    train: Annotated[int, Field(ge=1)] = 2400  # phantoms
    validation: Annotated[int, Field(ge=1)] = 300
    size: Annotated[int, Field(ge=16)] = 256  # side of the square that the network reads
    drawing: Literal["cycle", "mix"] = "cycle"  # phantoms of one finding in turn, or all of training/mix.py
    train_folder: Path | None = None  # in place of phantoms, both or neither
    validation_folder: Path | None = None
    manifest: Path | None = None  # in place of both, such as `kidray import-aihub` writes
    cache: Path = Path("runs/cache")

    @property
    def is_drawn(self) -> bool:
        """Whether the radiographs are phantoms."""
        return self.manifest is None and self.train_folder is None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.train_folder is None) != (self.validation_folder is None):
            raise ValueError("train_folder and validation_folder go together")
        if self.manifest is not None and self.train_folder is not None:
            raise ValueError("give a manifest or folders, not both")
        return self


class NetworkPart(_Part):
    """What `inference.unet.UNet` is built from."""

    width: Annotated[int, Field(ge=1)] = 16
    depth: Annotated[int, Field(ge=1, le=6)] = 4
    widest: Annotated[int, Field(ge=1)] | None = None
    stem: Literal[1, 2] = 1
    residual: bool = False
    deep_supervision: bool = False
    image_head: bool = False


class LossPart(_Part):
    """Which loss, and the weights within it.

    Attributes
    ----------
    kind
        `dice_entropy`: soft Dice and weighted cross-entropy; `unified_focal`: the asymmetric unified focal
        loss of Yeung et al. (2022).
    dice_share, background_weight
        Of `dice_entropy`.
    region_share
        Of `unified_focal`: 1 - lambda in the paper, the weight of the focal Tversky loss.
    delta, gamma
        Of `unified_focal`: weight of what is missed against what is invented; strength of the focus.
    deeper_weight
        Weight of the first inner level under deep supervision; half as much for the next.
    head_weight
        Weight of the image-level head's cross-entropy.
    """

    kind: Literal["dice_entropy", "unified_focal"] = "dice_entropy"
    dice_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    background_weight: Annotated[float, Field(gt=0)] = 0.3
    region_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    delta: Annotated[float, Field(ge=0, le=1)] = 0.6
    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.5
    deeper_weight: Annotated[float, Field(ge=0)] = 0.5
    head_weight: Annotated[float, Field(ge=0)] = 0.3


class OptimizerPart(_Part):
    """AdamW, and how its learning rate falls."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    schedule: Literal["plateau", "cosine"] = "plateau"
    plateau_patience: Annotated[int, Field(ge=0)] = 5
    plateau_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    warm_up_epochs: Annotated[float, Field(ge=0)] = 0.0  # cosine only
    accumulation: Annotated[int, Field(ge=1)] = 1  # batches whose gradients make one step
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of the weights' moving average; 0: none


class AugmentationPart(_Part):
    """Strength of the on-the-fly augmentation. There is no mirroring: left and right matter.

    The entries from `curve` on are known to `one_map` only.
    """

    engine: Literal["albumentations", "one_map"] = "albumentations"
    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.06  # share of the side
    scale: Annotated[float, Field(ge=0, le=0.5)] = 0.10
    rotation: Annotated[float, Field(ge=0, le=45)] = 7.0  # degrees
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.15
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.25
    elastic_chance: Annotated[float, Field(ge=0, le=1)] = 0.2
    curve: Annotated[float, Field(ge=0, lt=1)] = 0.0  # bend of the tone curve
    shading: Annotated[float, Field(ge=0, le=1)] = 0.0  # slow change of brightness over the image
    blur: Annotated[float, Field(ge=0, le=3)] = 0.0  # largest sigma, pixels
    noise: Annotated[float, Field(ge=0, le=0.5)] = 0.0  # largest deviation, share of the range


class Recipe(_Part):
    """One recipe."""

    name: str = "unet"
    seed: Annotated[int, Field(ge=0)] = 0
    epochs: Annotated[int, Field(ge=1)] = 300
    half_size_epochs: Annotated[int, Field(ge=0)] = 0  # the first so many read at half size
    patience: Annotated[int, Field(ge=1)] = 25  # epochs without a better validation Dice, then stop
    batch: Annotated[int, Field(ge=1)] = 8
    precision: Literal["fp32", "bf16"] = "bf16"
    data: DataPart = DataPart()
    network: NetworkPart = NetworkPart()
    loss: LossPart = LossPart()
    optimizer: OptimizerPart = OptimizerPart()
    augmentation: AugmentationPart = AugmentationPart()


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or an entry is unknown or out of range.
    """
    try:
        entries: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Recipe.model_validate(entries)
    except OSError as error:
        raise SettingsError(f"the recipe {path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the recipe {path} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
