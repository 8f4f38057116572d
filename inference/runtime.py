"""What every runtime gives: the network's answer to a batch, in a precision that was chosen."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from study.compat import StrEnum


class Precision(StrEnum):
    """The arithmetic of the network; what is not float32 serves only with a parity certificate."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class Answer(NamedTuple):
    """What the network answers to a batch.

    Attributes
    ----------
    probabilities
        Softmax output, float32 (N, 5, S, S), background first.
    head
        Logits of the image-level head, float32 (N, 4) in segment order; None where the network has none.
    """

    probabilities: NDArray[np.float32]
    head: NDArray[np.float32] | None = None


class Runtime(Protocol):
    """Something that evaluates the network; may be asked by several threads at once."""

    @property
    def name(self) -> str:
        """What evaluates it, in which version and where, for logs."""

    @property
    def precision(self) -> Precision:
        """The arithmetic that was chosen."""

    def __call__(self, batch: NDArray[np.float32]) -> Answer:
        """Return what the network says of inputs (N, 1, S, S), float32."""
