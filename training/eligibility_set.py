"""Draw what the view classifier learns from: abdomens to be read, and what must be left unread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.preprocess import prepare
from study.image_kind import ImageKind
from training.case import PhantomKind, Projection
from training.dataset import split_seed
from training.mix import HELD_OUT_SITE, TRAINING, Mix, draw_for
from training.phantom import Phantom, draw_phantom
from training.phantom_set import DETECTOR_SIZES
from training.split import Split
from training.strangers import StrangerKind, draw_stranger

Values = NDArray[np.float32]
Spoil = Callable[[Values, np.random.Generator], Values]

KINDS = tuple(ImageKind)
# What is drawn for itself; the rest are abdomens that were spoilt.
DRAWN = {
    StrangerKind.CHEST: ImageKind.CHEST,
    StrangerKind.LEG: ImageKind.EXTREMITY,
    StrangerKind.HAND: ImageKind.EXTREMITY,
    StrangerKind.SKULL: ImageKind.SKULL,
    StrangerKind.ADULT_ABDOMEN: ImageKind.ADULT_ABDOMEN,
    StrangerKind.LATERAL_ABDOMEN: ImageKind.LATERAL_ABDOMEN,
    StrangerKind.PHOTOGRAPH: ImageKind.PHOTOGRAPH,
    StrangerKind.NOISE: ImageKind.NOISE,
}
SPOILT = {
    StrangerKind.INVERTED: ImageKind.INVERTED,
    StrangerKind.CLIPPED: ImageKind.CLIPPED,
    StrangerKind.UPSIDE_DOWN: ImageKind.UPSIDE_DOWN,
    StrangerKind.SIDEWAYS: ImageKind.SIDEWAYS,
}
_READABLE = {
    Projection.SUPINE: ImageKind.SUPINE_ABDOMEN,
    Projection.ERECT: ImageKind.ERECT_ABDOMEN,
    Projection.LEFT_LATERAL_DECUBITUS: ImageKind.DECUBITUS_ABDOMEN,
}
_STRANGERS_FROM = 500_000  # in a split's seeds, behind those of the abdomens
_PLAIN_EVERY = 4  # of this many abdomens one is drawn as `kidray phantom` draws by itself
_PLAIN = tuple(kind for kind in PhantomKind if kind is not PhantomKind.CHEST)


class Drawn(NamedTuple):
    """Prepared images, uint8 (N, S, S) with 0 for -1 and 255 for 1, and the index of each one's kind."""

    images: NDArray[np.uint8]
    kinds: NDArray[np.int64]


@dataclass(frozen=True)
class Wanted:
    """One drawing: an abdomen and what is spoilt of it, or one stranger.

    Attributes
    ----------
    rows
        That it is drawn with.
    size
        Side of the square that the network reads.
    stranger
        None for an abdomen.
    """

    split: Split
    index: int
    rows: int
    size: int
    stranger: StrangerKind | None = None
    mix: Mix = TRAINING

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, in the proportions of the usual detectors."""
        rows, columns = DETECTOR_SIZES[self.index % len(DETECTOR_SIZES)]
        return self.rows, round(self.rows * columns / rows)


def wanted(
    split: Split, abdomens: int, strangers: int, *, rows: int, size: int, site_b: bool = False
) -> list[Wanted]:
    """Return a set's drawings: some abdomens, each spoilt in all ways too, and strangers of each kind."""
    mix = HELD_OUT_SITE if site_b else TRAINING
    drawings = [Wanted(split, index, rows, size, None, mix) for index in range(abdomens)]
    for kind in () if site_b else DRAWN:
        # A grown-up is what resembles a child's abdomen most.
        count = 2 * strangers if kind is StrangerKind.ADULT_ABDOMEN else strangers
        drawings += [Wanted(split, _STRANGERS_FROM + index, rows, size, kind) for index in range(count)]
    return drawings


def draw_set(drawings: Iterable[Wanted], workers: int = 1) -> Drawn:
    """Return the prepared images of drawings, in their order."""
    with ProcessPoolExecutor(max_workers=workers) as pool:
        parts = list(_told(pool.map(drawn, drawings, chunksize=8)))
    return Drawn(np.concatenate([p.images for p in parts]), np.concatenate([p.kinds for p in parts]))


def _told(parts: Iterable[Drawn]) -> Iterator[Drawn]:
    for number, part in enumerate(parts, start=1):
        if number % 100 == 0:
            print(f"{number} drawn", flush=True)
        yield part


def drawn(wish: Wanted) -> Drawn:
    """Return one drawing: a stranger, or an abdomen followed by what is spoilt of it."""
    seed = split_seed(wish.split, wish.index)
    if wish.stranger is not None:
        stranger = draw_stranger(seed, wish.stranger, wish.shape)
        return _stacked({DRAWN[wish.stranger]: stranger.attenuation_image}, wish.size)
    phantom = _abdomen(seed, wish)
    values = phantom.attenuation_image.astype(np.float32)
    rng = np.random.default_rng([seed, 0x73706F])
    spoilt = {SPOILT[kind]: spoil(values, rng) for kind, spoil in SPOILS.items()}
    return _stacked({_READABLE[phantom.projection]: values, **spoilt}, wish.size)


def _abdomen(seed: int, wish: Wanted) -> Phantom:
    if wish.index % _PLAIN_EVERY == 0:
        kind = _PLAIN[wish.index // _PLAIN_EVERY % len(_PLAIN)]
        return draw_phantom(seed, kind, size=wish.shape, site=wish.mix.site)
    return draw_for(seed, wish.shape, wish.mix)


def _stacked(shown: dict[ImageKind, Values], size: int) -> Drawn:
    images = [prepare(np.asarray(values, np.float32), size)[0][0] for values in shown.values()]
    return Drawn(
        np.stack([np.round(127.5 * (image + 1)).astype(np.uint8) for image in images]),
        np.array([KINDS.index(kind) for kind in shown], np.int64),
    )


def _inverted(values: Values, _: np.random.Generator) -> Values:
    return np.asarray(values.max() - values, np.float32)


def _upside_down(values: Values, _: np.random.Generator) -> Values:
    return np.ascontiguousarray(values[::-1, ::-1])


def _sideways(values: Values, rng: np.random.Generator) -> Values:
    return np.ascontiguousarray(np.rot90(values, int(rng.choice([1, 3]))))


def _clipped(values: Values, rng: np.random.Generator) -> Values:
    """Return an image that most pixels left at one end of the range."""
    within = rng.uniform(0.08, 0.16)
    ends = (0.0, within) if rng.random() < 0.5 else (1 - within, 1.0)
    low, high = np.quantile(values[values > 0.02 * values.max()], ends)
    return np.asarray(np.clip(values, low, max(high, low + 1e-3)), np.float32)


SPOILS: dict[StrangerKind, Spoil] = {
    StrangerKind.INVERTED: _inverted,
    StrangerKind.CLIPPED: _clipped,
    StrangerKind.UPSIDE_DOWN: _upside_down,
    StrangerKind.SIDEWAYS: _sideways,
}


def varied(images: NDArray[np.uint8], rng: np.random.Generator) -> Values:
    """Return images as they might also have come, float32 (N, S, S) in -1 to 1.

    Turned by up to 8 degrees, shifted, scaled, with another curve, blur, noise and borders. Never
    mirrored nor turned further: that is what some of the kinds differ by.
    """
    return np.stack([_varied(image, rng) for image in images])


def _varied(image: NDArray[np.uint8], rng: np.random.Generator) -> Values:
    side = image.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, 3), rng.uniform(0.9, 1.15))
    matrix[:, 2] += rng.normal(0, 0.025, 2) * side
    shown = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=0)
    level: Values = shown.astype(np.float32) / 255
    if rng.random() < 0.3:
        level = cv2.GaussianBlur(level, (0, 0), rng.uniform(0.3, 0.9))
    elif rng.random() < 0.3:  # sharpened, as a console might
        level = level + rng.uniform(0.2, 1.2) * (level - cv2.GaussianBlur(level, (0, 0), rng.uniform(0.8, 3)))
    level = np.asarray(np.clip(level, 0, 1) ** np.exp(rng.normal(0, 0.25)), np.float32)
    level = 0.5 + (level - 0.5) * np.float32(rng.uniform(0.85, 1.2)) + np.float32(rng.normal(0, 0.04))
    level += np.float32(rng.uniform(0, 0.03)) * rng.standard_normal(level.shape, np.float32)
    if rng.random() < 0.25:  # collimated
        cut = rng.uniform(0, 0.1, 2) * side
        level[: int(cut[0])] = 0
        level[:, : int(cut[1])] = 0
        level[:, side - int(cut[1]) :] = 0
    return np.asarray(2 * np.clip(level, 0, 1) - 1, np.float32)
