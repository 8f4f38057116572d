"""Say from its pixels what a radiograph shows, and whether it is one that the models read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inference.eligibility import Judge, check_pixels
from inference.onnx_runtime import CANNOT_LOAD
from inference.preprocess import prepare
from inference.store import ModelStore
from inference.view_package import TASK, ViewDescription, ViewPackage, load_view_package
from study.decision import Decision
from study.errors import ModelError
from study.image_kind import ImageKind, why_unread

SHIPPED, NONE = "shipped", "none"


class Seen(NamedTuple):
    """What a view classifier says of one radiograph.

    Attributes
    ----------
    probabilities
        Of each kind; they sum to 1.
    readable
        Probability that it is a kind that the models read.
    threshold
        From which on it is read.
    """

    probabilities: dict[ImageKind, float]
    readable: float
    threshold: float

    @property
    def kind(self) -> ImageKind:
        """The likeliest kind."""
        return max(self.probabilities, key=lambda kind: self.probabilities[kind])

    @property
    def decision(self) -> Decision:
        """Whether it is read; if not, the likeliest of the reasons."""
        if self.readable >= self.threshold:
            return Decision(True)
        unread = {k: p for k, p in self.probabilities.items() if not k.is_readable}
        return Decision(False, why_unread(max(unread, key=lambda kind: unread[kind])))


class ViewClassifier:
    """A view package in ONNX Runtime on one thread of the CPU; several threads may ask at once.

    Raises
    ------
    ModelError
        If the network cannot be loaded or does not have the described input and output.
    """

    def __init__(self, package: ViewPackage) -> None:
        self.package = package
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(package.network), options, providers=["CPUExecutionProvider"]
            )
        except CANNOT_LOAD as error:
            raise ModelError(f"{package.network} cannot be loaded: {type(error).__name__}") from error
        described = package.description
        names = [i.name for i in self._session.get_inputs()], [o.name for o in self._session.get_outputs()]
        if names != ([described.input_name], [described.output_name]):
            raise ModelError(f"{package.network} has inputs {names[0]} and outputs {names[1]}")

    def look(self, upright: NDArray[np.float32]) -> Seen:
        """Return what a radiograph shows.

        Parameters
        ----------
        upright
            Float32 (rows, columns), bright where more is absorbed, in the standard hanging:
            `Hanging.of(dataset).upright(values)`.

        Raises
        ------
        ModelError
            If the network answers in another shape, or not in numbers.
        """
        described = self.package.description
        prepared, _ = prepare(upright, described.size)
        logits = self.logits(prepared[None])
        if logits.shape != (1, len(described.kinds)) or not np.isfinite(logits).all():
            raise ModelError(f"{described.name} answered {logits.shape} for {len(described.kinds)} kinds")
        return seen(logits[0], described)

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's answers (N, kinds) to prepared images (N, 1, S, S)."""
        described = self.package.description
        [answers] = self._session.run([described.output_name], {described.input_name: batch})
        return np.asarray(answers, np.float32)

    def judge(self, upright: NDArray[np.float32]) -> Decision:
        """Return whether a radiograph is one that the models read, and if not, why."""
        decision = check_pixels(upright)
        return self.look(upright).decision if decision.for_model else decision


def seen(logits: NDArray[np.float32], described: ViewDescription) -> Seen:
    """Return what logits (kinds,) of a described network mean."""
    scaled = logits.astype(np.float64) / described.temperature
    powers = np.exp(scaled - scaled.max())
    shares = dict(zip(described.kinds, (powers / powers.sum()).tolist(), strict=True))
    return Seen(shares, sum(p for kind, p in shares.items() if kind.is_readable), described.threshold)


def open_judge(asked: str, store: ModelStore) -> Judge:
    """Return what says from a radiograph's pixels, hung upright, whether it can be read, and if not, why.

    Parameters
    ----------
    asked
        `SHIPPED`, the name or the folder of another view package, or `NONE`: then only what is blank,
        tiny or noise is left unread.

    Raises
    ------
    ModelError
        If there is no such package, it does another task, or is damaged.
    """
    if asked == NONE:
        return check_pixels
    if asked == SHIPPED:
        return ViewClassifier(load_view_package()).judge
    if Path(asked).is_dir():
        return ViewClassifier(load_view_package(Path(asked))).judge
    held = store.find(asked)
    if held.summary.task != TASK:
        raise ModelError(f"{held.name} does another task ({held.summary.task}) and judges no view")
    return ViewClassifier(load_view_package(held.folder)).judge
