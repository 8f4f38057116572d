"""Evaluate the network with torch, on CUDA. Imported only where asked for: the CPU needs no torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from inference.models import ModelPackage
from inference.predict import Answer
from inference.unet import UNet
from study.errors import ModelError


class TorchRuntime:
    """The same network from the package's safetensors.

    Parameters
    ----------
    package
        A verified model package.
    device
        A torch device, such as ``cuda`` or ``cuda:1``.

    Raises
    ------
    ModelError
        If the device is not there or the weights do not fit.
    """

    def __init__(self, package: ModelPackage, *, device: str = "cuda") -> None:
        described = package.description
        network = UNet(**described.network)
        try:
            weights = {name: value.float() for name, value in load_file(package.weights).items()}
            network.load_state_dict(weights, strict=False)
            missing = {
                n for n in network.state_dict() if not n.endswith("num_batches_tracked")
            } - weights.keys()
            if missing:
                raise ModelError(f"{package.weights} lacks {sorted(missing)[0]}")
            self._network = network.eval().to(device)
        except (RuntimeError, AssertionError) as error:  # the latter where torch has no CUDA at all
            raise ModelError(f"{package.weights} cannot be used on {device}: {str(error)[:160]}") from error
        self._device = device

    @property
    def name(self) -> str:
        """What evaluates the network."""
        return f"torch {torch.__version__} on {self._device}"

    def __call__(self, batch: NDArray[np.float32]) -> Answer:
        """Return the answer to inputs (N, 1, S, S), float32."""
        with torch.inference_mode():
            answers = self._network(torch.from_numpy(batch).to(self._device))
            probabilities = torch.softmax(answers.logits.float(), dim=1).cpu().numpy()
            head = None if answers.findings is None else answers.findings.float().cpu().numpy()
        return Answer(probabilities, head)
