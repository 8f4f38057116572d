"""Keep a moving average of a network's weights, which reads better than any one step's (Polyak 1992)."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from inference.unet import UNet


class AverageNetwork:
    """An exponential moving average of a network, itself a network.

    Parameters
    ----------
    network
        Where the average begins.
    decay
        Share of the old average that each step keeps, at most; the first steps keep less.
    """

    def __init__(self, network: UNet, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def follow(self, network: UNet) -> None:
        """Move towards the network after its step."""
        self.steps += 1
        kept = min(self.decay, (1 + self.steps) / (10 + self.steps))
        own, followed = self.network.state_dict(), network.state_dict()
        moving = [name for name, value in own.items() if value.is_floating_point()]
        torch._foreach_lerp_([own[name] for name in moving], [followed[name] for name in moving], 1 - kept)
        for name in own.keys() - set(moving):
            own[name].copy_(followed[name])

    def state_dict(self) -> dict[str, Tensor | int]:
        """Return weights and count of steps, for a checkpoint."""
        return {**self.network.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Go on from a checkpoint."""
        weights = dict(state)
        self.steps = int(weights.pop("steps"))
        self.network.load_state_dict(weights)
