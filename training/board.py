"""Show a training as it goes on: a line an epoch in a CSV file, and TensorBoard's event files."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from inference.unet import UNet
from study.findings import FINDINGS
from training.dataset import PreparedSet
from training.train import EpochResult

LOG, EVENTS = "log.csv", "events"
SHOWN = 8  # radiographs of which the overlays are kept
_COLOURS = np.array([[0, 0, 0], [240, 160, 60], [230, 70, 70], [80, 180, 240], [120, 200, 90]], np.uint8)
_PLAIN = ("epoch", "train_loss", "validation_loss", "validation_dice", "learning_rate")


class Board:
    """Writes what each epoch came to into a run's folder.

    Parameters
    ----------
    folder
        Of the run.
    finished
        Epochs that the run's checkpoint holds: what was written of later ones, by a process that was killed
        before its checkpoint, is forgotten.
    """

    def __init__(self, folder: Path, finished: int) -> None:
        self._log = folder / LOG
        self._keep_rows(finished)
        self._events = SummaryWriter(str(folder / EVENTS), purge_step=finished + 1)

    def _keep_rows(self, finished: int) -> None:
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        rows = [line for line in lines[1:] if int(line.partition(",")[0]) <= finished]
        columns = [f"{figure}_{label}" for figure in ("dice", "auroc") for label in FINDINGS]
        head = lines[0] if rows else ",".join([*_PLAIN, *columns])
        self._log.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")

    def epoch(self, result: EpochResult, *, seconds: float, waited: float) -> None:
        """Write the figures of an epoch, the seconds it took, and those of them waited for batches."""
        figures = [result.dices.get(label) for label in FINDINGS] + [result.aurocs.get(x) for x in FINDINGS]
        with self._log.open("a", encoding="utf-8", newline="") as stream:
            cells = [*result[: len(_PLAIN)], *figures]
            csv.writer(stream, lineterminator="\n").writerow(
                ["" if value is None else f"{value:.6g}" for value in cells]
            )
        scalars = {
            "loss/train": result.train_loss,
            "loss/validation": result.validation_loss,
            "dice/all": result.validation_dice,
            "learning rate": result.learning_rate,
            "time/seconds": seconds,
            "time/share waiting for batches": waited / seconds,
        }
        scalars |= {f"dice/{label}": value for label, value in result.dices.items()}
        scalars |= {f"image AUROC/{label}": value for label, value in result.aurocs.items()}
        for name, value in scalars.items():
            self._events.add_scalar(name, value, result.epoch)

    def overlays(self, network: UNet, validation: PreparedSet, epoch: int) -> None:
        """Write some validation radiographs, outlined by the ground truth and, beside it, by the network."""
        chosen = np.linspace(0, len(validation) - 1, min(SHOWN, len(validation))).astype(int)
        for place, index in enumerate(chosen):
            image = validation.images[index].astype(np.float32)
            predicted = _labels(network, torch.from_numpy(image)[None, None])
            truth = np.asarray(validation.labels[index])
            pair = np.hstack([_outlined(image, truth), _outlined(image, predicted)])
            self._events.add_image(f"validation/{place}", pair, epoch, dataformats="HWC")
        self._events.flush()

    def close(self) -> None:
        """Write what is still held back."""
        self._events.close()


@torch.no_grad()
def _labels(network: UNet, image: Tensor) -> NDArray[np.uint8]:
    device = next(network.parameters()).device
    logits = network.eval()(image.to(device, memory_format=torch.channels_last)).logits
    return np.asarray(logits[0].argmax(dim=0).to(torch.uint8).cpu().numpy(), np.uint8)


def _outlined(image: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = ((image + 1) * 127.5).astype(np.uint8)
    shown = np.repeat(grey[..., None], 3, axis=2)
    for number in range(1, len(_COLOURS)):
        outlines, _ = cv2.findContours(
            (labels == number).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(shown, outlines, -1, _COLOURS[number].tolist(), 1)
    return shown
