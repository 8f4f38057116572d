"""Evaluate the network with torch, on CUDA. Imported only where asked for: the CPU needs no torch."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from inference.models import ModelPackage
from inference.runtime import Answer, Precision
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
    precision
        FP32 (without TF32), or BF16 by autocast.
    compiled
        Whether ``torch.compile`` writes kernels for this network, with CUDA graphs on CUDA: minutes at
        the start, faster ever after.

    Raises
    ------
    ModelError
        If the device is not there, cannot compute in that precision, or the weights do not fit.
    """

    def __init__(
        self,
        package: ModelPackage,
        *,
        device: str = "cuda",
        precision: Precision = Precision.FP32,
        compiled: bool = False,
    ) -> None:
        if precision is Precision.INT8:
            raise ModelError("torch serves fp32 and bf16; int8 is for the CPU: set KIDRAY_DEVICE=cpu")
        self.precision = precision
        self._device = torch.device(device)
        self._network: Any = _network(package, self._device)
        if compiled:
            # CUDA graphs live in thread-local state, so one thread must do all; see `Batcher`.
            mode = "reduce-overhead" if self._device.type == "cuda" else "default"
            self._network = torch.compile(self._network, mode=mode, dynamic=False)
        self._compiled = compiled
        self._one_at_a_time = threading.Lock()

    @property
    def name(self) -> str:
        """What evaluates the network."""
        how = ", compiled" if self._compiled else ""
        return f"torch {torch.__version__} on {self._device}{how}"

    def __call__(self, batch: NDArray[np.float32]) -> Answer:
        """Return what the network says of inputs (N, 1, S, S), float32."""
        images = torch.from_numpy(np.ascontiguousarray(batch))
        halved = self.precision is Precision.BF16
        count = len(images)
        if self._compiled:  # one kernel a size: 1, 2, 4, 8 ...
            images = torch.cat([images, images[:1].expand(_rounded(count) - count, -1, -1, -1)])
        if self._device.type == "cuda":
            images = images.pin_memory()
        with (
            self._one_at_a_time,
            torch.inference_mode(),
            torch.autocast(self._device.type, torch.bfloat16, enabled=halved),
        ):
            on_device = images.to(self._device, non_blocking=True, memory_format=torch.channels_last)
            answers = self._network(on_device)
            probabilities = torch.softmax(answers.logits[:count].float(), dim=1).cpu().numpy()
            head = None if answers.findings is None else answers.findings[:count].float().cpu().numpy()
        return Answer(np.ascontiguousarray(probabilities), head)


def _rounded(count: int) -> int:
    """Return the next power of two."""
    return 1 << (count - 1).bit_length()


def _network(package: ModelPackage, device: torch.device) -> UNet:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    network = UNet(**package.description.network)
    try:
        weights = {name: value.float() for name, value in load_file(package.weights).items()}
        network.load_state_dict(weights, strict=False)
        missing = {n for n in network.state_dict() if not n.endswith("num_batches_tracked")} - weights.keys()
        if missing:
            raise ModelError(f"{package.weights} lacks {sorted(missing)[0]}")
        network.eval().to(device)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    except (RuntimeError, AssertionError) as error:  # the latter where torch has no CUDA at all
        raise ModelError(f"{package.weights} cannot be used on {device}: {str(error)[:160]}") from error
