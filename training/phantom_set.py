"""Write phantoms to a folder: DICOM DX images, their ground truth as SEG, and a manifest."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from study.findings import FINDINGS
from training.ground_truth import ground_truth_dataset
from training.phantom import ABDOMINAL_KINDS, Phantom, PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Drawing = Callable[[int, PhantomKind, tuple[int, int]], Phantom]
SEED_STRIDE = 100_000  # phantoms that one seed of a set may hold; also its largest count
LARGEST_SET_SEED = 10**7  # beyond lie the seeds of training, validation and test sets
DETECTOR_SIZES = ((2048, 2048), (2048, 1792), (2304, 2048), (2022, 2022), (2048, 1880))
MANIFEST_COLUMNS = (
    "number", "kind", "seed", "view", "age_months", "sex", "rows", "columns", "bits_stored", "photometric",
    "image", "truth", "study_uid", "instance_uid", "area_px", "projection", "findings", "severities",
    "mimics", "appliances", "site", "stranger",
)  # fmt: skip


@dataclass(frozen=True)
class WrittenPhantom:
    """Where a phantom was written; `truth` is None where there is no finding."""

    image: Path
    truth: Path | None
    study_uid: str
    instance_uid: str


def phantom_seed(set_seed: int, index: int) -> int:
    """Return the seed of phantom `index` (from 0) in the set that `set_seed` names.

    Raises
    ------
    ValueError
        If either lies outside what a set may use.
    """
    if not 0 <= set_seed < LARGEST_SET_SEED or not 0 <= index < SEED_STRIDE:
        raise ValueError(f"a set takes seeds 0 to {LARGEST_SET_SEED - 1} and at most {SEED_STRIDE} phantoms")
    return set_seed * SEED_STRIDE + index


def write_phantom(phantom: Phantom, out: Path, *, number: int) -> WrittenPhantom:
    """Write one phantom as ``OUT/phantom-NNNN-<kind>.dcm`` and, where it has a finding, its truth.

    The ground truth goes to ``OUT/truth/phantom-NNNN-<kind>.seg.dcm``.
    """
    image = out / f"phantom-{number:04d}-{phantom.stranger or phantom.kind}.dcm"
    out.mkdir(parents=True, exist_ok=True)
    radiograph = radiograph_dataset(phantom, number=number)
    radiograph.save_as(image, enforce_file_format=True)
    truth = None
    if phantom.mask.any():
        truth = out / "truth" / f"{image.stem}.seg.dcm"
        truth.parent.mkdir(exist_ok=True)
        ground_truth_dataset(phantom, radiograph).save_as(truth)
    return WrittenPhantom(image, truth, radiograph.StudyInstanceUID, radiograph.SOPInstanceUID)


def write_phantoms(
    out: Path,
    count: int,
    seed: int,
    *,
    kind: PhantomKind | None = None,
    size: tuple[int, int] | None = None,
    drawing: Drawing | None = None,
) -> Iterator[tuple[Phantom, WrittenPhantom]]:
    """Write `count` phantoms and ``OUT/manifest.csv``; yields each as it is written.

    Parameters
    ----------
    seed
        Names the set: the same seed writes the same files.
    kind
        All of one kind; None cycles through the five classes.
    size
        Rows and columns of all; None takes usual detector sizes in turn.
    drawing
        Draws a phantom of a seed, a kind and a size; None draws plain ones.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        manifest = csv.DictWriter(stream, MANIFEST_COLUMNS)
        manifest.writeheader()
        for index in range(count):
            drawn_kind = kind or ABDOMINAL_KINDS[index % len(ABDOMINAL_KINDS)]
            drawn_seed = phantom_seed(seed, index)
            drawn_size = size or DETECTOR_SIZES[(seed + index) % len(DETECTOR_SIZES)]
            phantom = (drawing or _plain)(drawn_seed, drawn_kind, drawn_size)
            written = write_phantom(phantom, out, number=index + 1)
            manifest.writerow(_manifest_row(phantom, written, out, index + 1))
            yield phantom, written


def _plain(seed: int, kind: PhantomKind, size: tuple[int, int]) -> Phantom:
    return draw_phantom(seed, kind, size=size)


def _manifest_row(phantom: Phantom, written: WrittenPhantom, out: Path, number: int) -> dict[str, object]:
    areas = [int(np.count_nonzero(channel)) for channel in phantom.mask]
    names = [label.value for label in FINDINGS]
    return {
        "number": number, "kind": phantom.kind.value, "seed": phantom.seed, "view": phantom.view.value,
        "age_months": phantom.age_months, "sex": phantom.sex,
        "rows": phantom.pixels.shape[0], "columns": phantom.pixels.shape[1],
        "bits_stored": phantom.bits_stored, "photometric": phantom.photometric,
        "image": written.image.relative_to(out).as_posix(),
        "truth": written.truth.relative_to(out).as_posix() if written.truth else "",
        "study_uid": written.study_uid, "instance_uid": written.instance_uid,
        "area_px": ";".join(f"{name}={area}" for name, area in zip(names, areas, strict=True) if area),
        "projection": phantom.projection.value,
        "findings": ";".join(label.value for label in phantom.severities),
        "severities": ";".join(f"{label}={severity:.3f}" for label, severity in phantom.severities.items()),
        "mimics": ";".join(sorted(phantom.mimics)), "appliances": ";".join(sorted(phantom.appliances)),
        "site": phantom.site.value, "stranger": phantom.stranger,
    }  # fmt: skip
