"""Train as one of several processes that `torchrun` started, or alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

LONGEST_WAIT = timedelta(hours=6)  # the first process may draw thousands of phantoms


@dataclass(frozen=True)
class Ranks:
    """One process among those that train one network together."""

    rank: int = 0
    world: int = 1
    local: int = 0  # on this machine, which is the number of its GPU

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """The process's GPU, or the CPU where there is none."""
        return torch.device("cuda", self.local) if torch.cuda.is_available() else torch.device("cpu")

    def summed(self, values: list[float]) -> list[float]:
        """Return the sums over all processes."""
        if self.world == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return [float(value) for value in total]

    def wait(self) -> None:
        """Return once every process is here."""
        if self.world > 1:
            distributed.barrier()


ALONE = Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that `torchrun` names in the environment: gloo on CPUs, NCCL on GPUs."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    ranks = Ranks(int(os.environ["RANK"]), world, int(os.environ["LOCAL_RANK"]))
    if torch.cuda.is_available():
        torch.cuda.set_device(ranks.device)
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=LONGEST_WAIT)
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()
