"""The command `kidray train`: by a recipe, from the beginning or from where a run stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.errors import SettingsError
from training.console import progress, said_plainly

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.board import Board
    from training.dataset import PreparedSet
    from training.feed import Feed
    from training.ranks import Ranks
    from training.recipe import Recipe
    from training.split import Split
    from training.train import EpochResult, Training

FULL_COST = 4  # of a step at full side, where one at half side costs 1
SPOKEN_EVERY_S = 60.0  # where no terminal shows a bar


def train(
    config: Annotated[Path, typer.Option(help="The recipe, a TOML file.")] = Path(
        "training/configs/best.toml"
    ),
    out: Annotated[Path, typer.Option(help="Folder of checkpoints and log.")] = Path("runs/best"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.pt.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of each process.")] = 2,
    feeders: Annotated[int, typer.Option(min=1, help="Threads that prepare batches.")] = 1,
) -> None:
    r"""Train a network by a recipe.

    The recipe says everything: how many phantoms (or which folders of DICOM with ground truth as SEG, or the
    manifest of an imported set), the network, the loss, the optimizer, the augmentation. A checkpoint is
    written after every epoch (OUT/last.pt; OUT/best.pt by validation Dice), so a run can be stopped at any
    time; --resume goes on to the numbers that an unbroken run gives. Resumed with a changed recipe, a run
    goes on by the new one and its model says so. OUT/log.csv has a line an epoch; OUT/events is for
    TensorBoard.

    Several processes, each with its share of every batch: torchrun --nproc-per-node 2 -m cli train …

    Needs the extra `train`: pip install "kidray\[train]".

    Example: kidray train --config training/configs/best.toml --out runs/best
    """
    with said_plainly():
        from training.ranks import joined

        with joined() as ranks:
            _train(config, out, resume, threads, feeders, ranks)


def _train(config: Path, out: Path, resume: bool, threads: int, feeders: int, ranks: Ranks) -> None:
    import cv2
    import torch

    from training.board import Board
    from training.checkpoint import BEST, LAST
    from training.feed import Feed
    from training.recipe import read_recipe
    from training.split import Split

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)  # the feeders are threads already
    _check(out, out / LAST, resume)
    recipe = read_recipe(config)
    sets = [prepared_set(recipe, split, threads, ranks) for split in (Split.TRAIN, Split.VALIDATION)]
    feed = Feed(sets[0], recipe, ranks, feeders)
    training = _begun(recipe, out / LAST, feed.steps, ranks, resume=resume)
    out.mkdir(parents=True, exist_ok=True)
    board = Board(out, training.epoch) if ranks.leads else None
    _run(training, feed, sets[1], board, out)
    if ranks.leads:
        typer.echo(
            f"best validation Dice {training.best_dice:.4f} in epoch {training.best_epoch}: {out / BEST}"
        )


def _check(out: Path, last: Path, resume: bool) -> None:
    if last.exists() and not resume:
        raise SettingsError(f"{out} holds a run already: add --resume to go on, or choose another --out")
    if resume and not last.exists():
        raise SettingsError(f"{out} holds no run to resume: {last} is missing")


def _begun(recipe: Recipe, last: Path, steps: int, ranks: Ranks, *, resume: bool) -> Training:
    from training import checkpoint
    from training.train import start

    return checkpoint.resume(last, steps, recipe, ranks) if resume else start(recipe, steps, ranks)


def _run(training: Training, feed: Feed, validation: PreparedSet, board: Board | None, out: Path) -> None:
    """Run the epochs that are left, and keep each."""
    from training.train import run_epoch

    recipe = training.recipe
    costs = [1 if epoch < recipe.half_size_epochs else FULL_COST for epoch in range(recipe.epochs)]
    with progress("training") as bar:
        while not training.is_over:
            pace = _Pace(costs, training.epoch, feed.steps, bar if training.ranks.leads else None)
            waited = feed.waited_s
            result = run_epoch(training, feed, validation, pace.step)
            if board is not None:
                seconds = pace.seconds
                board.epoch(result, seconds=seconds, waited=feed.waited_s - waited)
                _keep(training, result, out)  # after the row, which a resumed run writes again
                board.overlays(training.reader, validation, result.epoch)
                typer.echo(_line(result, recipe, seconds, (feed.waited_s - waited) / seconds, pace.left_s))
            training.ranks.wait()
    if board is not None:
        board.close()


class _Pace:
    """Tells how far an epoch is and how long the run will take; without a terminal, in a line a minute."""

    def __init__(
        self, costs: list[int], epoch: int, steps: int, bar: Callable[[int, int], None] | None
    ) -> None:
        self._costs, self._epoch, self._steps, self._bar = costs, epoch, steps, bar
        self._began = self._spoke = time.perf_counter()
        self._done = 0.0  # share of this epoch

    @property
    def seconds(self) -> float:
        """Since the epoch began."""
        return time.perf_counter() - self._began

    @property
    def left_s(self) -> float:
        """Seconds that the rest of the run will take at this epoch's pace."""
        cost = self._costs[self._epoch]
        left = (1 - self._done) * cost + sum(self._costs[self._epoch + 1 :])
        return self.seconds / max(self._done * cost, 1e-9) * left

    def step(self, step: int, _of: int, loss: float) -> None:
        """Tell of a step that was taken."""
        self._done = step / self._steps
        if self._bar is None:
            return
        before, cost = sum(self._costs[: self._epoch]), self._costs[self._epoch]
        self._bar(before * self._steps + cost * step, sum(self._costs) * self._steps)
        if not sys.stdout.isatty() and time.perf_counter() - self._spoke > SPOKEN_EVERY_S:
            self._spoke = time.perf_counter()
            typer.echo(
                f"epoch {self._epoch + 1}, step {step} of {self._steps}: loss {loss:.4f}; "
                f"about {self.left_s / 60:.0f} min left"
            )


def _keep(training: Training, result: EpochResult, out: Path) -> None:
    from training.checkpoint import BEST, LAST, save_checkpoint

    if training.best_epoch == result.epoch:
        save_checkpoint(training, out / BEST)
    save_checkpoint(training, out / LAST)


def _line(result: EpochResult, recipe: Recipe, seconds: float, waiting: float, left: float) -> str:
    dices = ", ".join(f"{label} {value:.3f}" for label, value in result.dices.items())
    return (
        f"epoch {result.epoch} of {recipe.epochs}: loss {result.train_loss:.4f}, "
        f"validation loss {result.validation_loss:.4f}, validation Dice {result.validation_dice:.4f} "
        f"({dices}); {seconds:.0f} s, {waiting:.1%} of it waiting for batches; "
        f"about {left / 60:.0f} min left"
    )


def prepared_set(recipe: Recipe, split: Split, workers: int, ranks: Ranks | None = None) -> PreparedSet:
    """Return one split of a recipe's set; where processes train together, the first prepares it."""
    if ranks is not None and not ranks.leads:
        ranks.wait()
    prepared = _prepared(recipe, split, workers)
    if ranks is not None and ranks.leads:
        ranks.wait()
    return prepared


def _prepared(recipe: Recipe, split: Split, workers: int) -> PreparedSet:
    from training.dataset import prepared_folder, prepared_manifest, prepared_phantoms
    from training.split import Split

    data = recipe.data
    is_train = split is Split.TRAIN
    folder = data.train_folder if is_train else data.validation_folder
    with progress(f"preparing {split}") as report:
        if data.manifest is not None:
            return prepared_manifest(data.manifest, split, data.size, cache=data.cache, progress=report)
        if folder is not None:
            return prepared_folder(folder, data.size, cache=data.cache, progress=report)
        count = data.train if is_train else data.validation
        return prepared_phantoms(
            split,
            count,
            data.size,
            cache=data.cache,
            drawing=data.drawing,
            workers=workers,
            progress=report,
        )
