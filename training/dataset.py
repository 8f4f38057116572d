"""Sets of radiographs with ground truth, prepared exactly as they are when served, cached on disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import inference.preprocess
import study.findings
import training
from inference.preprocess import prepare
from study.findings import FINDINGS
from training.folder import Pair, find_pairs, read_pair
from training.manifest import Row, outlined_rows, read_row
from training.mix import draw_for
from training.phantom import Phantom, PhantomKind, draw_phantom
from training.phantom_set import DETECTOR_SIZES
from training.split import Split

Progress = Callable[[int, int], None]  # done, of

_DRAWN_FROM = ("mix", "phantom_set")  # with what they import, all that decides how a phantom looks
_DRAWN_ROWS = 512  # phantoms for training; served ones have four times as many, averaged down

# No seed belongs to two splits, nor to a set that `kidray phantom` writes.
_FIRST_SEED = {Split.TRAIN: 1 << 44, Split.VALIDATION: 2 << 44, Split.TEST: 3 << 44}
# Normal abdomens and free gas, the hardest finding, come more often than the others.
TRAINING_CYCLE = (
    PhantomKind.NORMAL,
    PhantomKind.PNEUMOPERITONEUM,
    PhantomKind.CONSTIPATION,
    PhantomKind.AIR_FLUID_LEVELS,
    PhantomKind.NORMAL,
    PhantomKind.PYLORIC_STENOSIS,
    PhantomKind.PNEUMOPERITONEUM,
)


class Prepared(NamedTuple):
    """One radiograph as the network reads it: image, class indices, and findings of the image as a whole."""

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    findings: NDArray[np.bool_]


@dataclass(frozen=True)
class PreparedSet:
    """Radiographs as the network reads them.

    Attributes
    ----------
    images
        float16 (N, S, S) in -1 to 1.
    labels
        Class indices, uint8 (N, S, S).
    findings
        Which findings the image as a whole has, bool (N, 4). An outline may lie under the collimator's
        margin or go to another finding; the finding is there all the same.
    """

    images: NDArray[np.float16]
    labels: NDArray[np.uint8]
    findings: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)


def split_seed(split: Split, index: int, first: int = 0) -> int:
    """Return the seed of phantom `index` of a split; `first` shifts to another stretch of the same split."""
    return _FIRST_SEED[split] + first * 1_000_000 + index


def prepared_phantoms(
    split: Split,
    count: int,
    size: int,
    *,
    cache: Path,
    drawing: str = "cycle",
    workers: int = 1,
    progress: Progress | None = None,
) -> PreparedSet:
    """Return `count` prepared phantoms of a split, drawn once and then read from `cache`.

    The name in the cache holds a hash of the code that draws, so a change there is never missed.

    Parameters
    ----------
    drawing
        `cycle`: one finding at a time, in turn; `mix`: whatever `training.mix` draws for the seed.
    """
    key = hashlib.sha256(f"{split}/{count}/{size}/{drawing}/{_code_hash()}".encode()).hexdigest()[:16]
    folder = cache / f"{split}-{count}-{size}-{key}"
    if not _is_whole(folder):
        draw = partial(_prepared_phantom, split, size, drawing)
        _fill(folder, draw, count, size, workers, progress)
    return _opened(folder)


def _prepared_phantom(split: Split, size: int, drawing: str, index: int) -> Prepared:
    rows, columns = DETECTOR_SIZES[index % len(DETECTOR_SIZES)]
    drawn = (_DRAWN_ROWS, round(_DRAWN_ROWS * columns / rows))
    seed = split_seed(split, index)
    if drawing == "mix":
        phantom = draw_for(seed, drawn)
    else:
        phantom = draw_phantom(seed, TRAINING_CYCLE[index % len(TRAINING_CYCLE)], size=drawn)
    image, box = prepare(phantom.attenuation_image, size)
    return Prepared(image[0], box.square_labels(phantom.mask), _present(phantom))


def _present(phantom: Phantom) -> NDArray[np.bool_]:
    return np.array([label in phantom.findings for label in FINDINGS])


def prepared_folder(folder: Path, size: int, *, cache: Path, progress: Progress | None = None) -> PreparedSet:
    """Return the prepared radiographs of a folder of DICOM with ground truth as SEG.

    The name in the cache holds a hash of the files' names, sizes and times.
    """
    pairs = find_pairs(folder)
    digest = hashlib.sha256(f"{size}/{_code_hash()}".encode())
    for path in (path for pair in pairs for path in (pair.image, pair.truth) if path is not None):
        facts = path.stat()
        digest.update(f"{path}/{facts.st_size}/{facts.st_mtime_ns}".encode())
    cached = cache / f"{folder.name}-{len(pairs)}-{size}-{digest.hexdigest()[:16]}"
    if not _is_whole(cached):
        _fill(cached, lambda index: _prepared_pair(pairs[index], size), len(pairs), size, 1, progress)
    return _opened(cached)


def _prepared_pair(pair: Pair, size: int) -> Prepared:
    return _outlined(*read_pair(pair), size)


def prepared_manifest(
    manifest: Path, split: Split, size: int, *, cache: Path, progress: Progress | None = None
) -> PreparedSet:
    """Return the prepared radiographs of one split of a manifest, as far as their outlines are known.

    The name in the cache holds a hash of the manifest, which holds one of every image, and of the masks'
    sizes and times.

    Raises
    ------
    ManifestError
        If the manifest or a file that it lists cannot be read, or the split has no mask at all.
    """
    rows, folder = outlined_rows(manifest, split), manifest.parent
    digest = hashlib.sha256(f"{split}/{size}/{_code_hash()}".encode() + manifest.read_bytes())
    for mask in (folder / row.mask for row in rows if row.mask):
        facts = mask.stat()
        digest.update(f"{mask}/{facts.st_size}/{facts.st_mtime_ns}".encode())
    cached = cache / f"{folder.name}-{split}-{len(rows)}-{size}-{digest.hexdigest()[:16]}"
    if not _is_whole(cached):
        _fill(cached, lambda index: _prepared_row(folder, rows[index], size), len(rows), size, 1, progress)
    return _opened(cached)


def _prepared_row(folder: Path, row: Row, size: int) -> Prepared:
    return _outlined(*read_row(folder, row), size)


def _outlined(radiograph: NDArray[np.float32], masks: NDArray[np.bool_], size: int) -> Prepared:
    image, box = prepare(radiograph, size)
    return Prepared(image[0], box.square_labels(masks), np.asarray(masks.any(axis=(1, 2)), np.bool_))


def _opened(folder: Path) -> PreparedSet:
    images, labels = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "labels"))
    return PreparedSet(images, labels, np.load(folder / "findings.npy"))


def _is_whole(folder: Path) -> bool:
    return (folder / "findings.npy").exists()


def _fill(
    folder: Path,
    draw: Callable[[int], Prepared],
    count: int,
    size: int,
    workers: int,
    progress: Progress | None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images = np.lib.format.open_memmap(folder / "images.part", "w+", np.float16, (count, size, size))
    labels = np.lib.format.open_memmap(folder / "labels.part", "w+", np.uint8, (count, size, size))
    findings = np.zeros((count, len(FINDINGS)), np.bool_)
    for index, prepared in enumerate(_mapped(draw, count, workers)):
        images[index], labels[index], findings[index] = prepared
        if progress is not None:
            progress(index + 1, count)
    images.flush()
    labels.flush()
    (folder / "images.part").replace(folder / "images.npy")
    (folder / "labels.part").replace(folder / "labels.npy")
    with (folder / "findings.part").open("wb") as stream:
        np.save(stream, findings)
    (folder / "findings.part").replace(folder / "findings.npy")  # last: its presence means the set is whole


def _mapped(draw: Callable[[int], Prepared], count: int, workers: int) -> Iterator[Prepared]:
    if workers <= 1:
        yield from map(draw, range(count))
        return
    with ProcessPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(draw, range(count), chunksize=16)


def _code_hash() -> str:
    digest = hashlib.sha256()
    modules = [Path(module.__file__ or "") for module in (inference.preprocess, study.findings)]
    for path in (Path(__file__), *_drawing_modules(), *modules):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _drawing_modules() -> list[Path]:
    room, names = Path(training.__file__).parent, list(_DRAWN_FROM)
    for name in names:  # grows as it goes
        imported = re.findall(r"^from training\.(\w+) import", (room / f"{name}.py").read_text("utf-8"), re.M)
        names += [other for other in imported if other not in names]
    return [room / f"{name}.py" for name in sorted(names)]
