"""Sets of radiographs that judge a model: phantoms of the test split, a manifest, a folder of DICOM."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pydicom
from pydicom import Dataset

from study.findings import FINDINGS
from study.geometry import view_of
from study.model import View
from study.pixels import attenuation_values
from training.case import Site
from training.dataset import split_seed
from training.folder import find_pairs, read_pair
from training.manifest import ManifestError, Row, read_manifest, read_row
from training.mix import TRAINING, Mix, draw_for
from training.phantom_dicom import radiograph_dataset
from training.phantom_set import DETECTOR_SIZES
from training.reading import Facts, Sample
from training.split import Split

_DAYS_A_MONTH = 30.44
_AGE_UNITS = {"D": 1 / _DAYS_A_MONTH, "W": 7 / _DAYS_A_MONTH, "M": 1.0, "Y": 12.0}


class HeldOut(Protocol):
    """A set of radiographs, each read when it is asked for; the same each time."""

    @property
    def title(self) -> str:
        """What the set is, for a heading."""

    @property
    def description(self) -> str:
        """Where it comes from, in a sentence that names nobody and no path."""

    def __len__(self) -> int:
        """Return how many radiographs there are."""

    def sample(self, index: int) -> Sample:
        """Return one of them."""


class PhantomSet:
    """Phantoms of the test split, mixed as those of training, never those of training.

    Parameters
    ----------
    count
        How many.
    seed
        Names the stretch of the split; the same seed gives the same children at each site.
    mix
        How findings, severities, look-alikes and views are mixed, and at which site; that of
        `training.mix.HELD_OUT_SITE` was never trained on.
    size
        Rows and columns of all; usual detector sizes in turn where None.
    """

    def __init__(
        self, count: int, seed: int = 0, *, mix: Mix = TRAINING, size: tuple[int, int] | None = None
    ) -> None:
        self.count, self.seed, self.site = count, seed, mix.site
        self._mix, self._size, site = mix, size, mix.site
        self.title = f"Phantoms, site {site}"
        other = "" if site is Site.A else " (equipment and build of the children unlike those of training)"
        at = "detector sizes" if size is None else f"{size[0]} x {size[1]} pixels"
        self.description = (
            f"{count} phantoms of site {site}{other}, each another child, drawn at {at} from seeds that "
            f"were never trained on (set {seed})."
        )

    def __len__(self) -> int:
        """Return how many phantoms there are."""
        return self.count

    def sample(self, index: int) -> Sample:
        """Return one phantom, through the DICOM object that would be received."""
        size = self._size or DETECTOR_SIZES[index % len(DETECTOR_SIZES)]
        phantom = draw_for(split_seed(Split.TEST, index, self.seed), size, self._mix)
        header = radiograph_dataset(phantom, number=index + 1)
        return Sample(
            name=f"phantom {phantom.seed}",
            patient=index,
            header=header,
            values=attenuation_values(header),
            present=np.array([label in phantom.findings for label in FINDINGS]),
            masks=phantom.mask,
            facts=Facts(
                view=phantom.view.value,
                age_months=phantom.age_months,
                severities=dict(phantom.severities),
                mimics=tuple(sorted(phantom.mimics)),
            ),
        )


class ManifestSet:
    """The radiographs of one split of a manifest, those known as a whole only too.

    Raises
    ------
    ManifestError
        If the manifest cannot be read or the split is empty.
    """

    title = "data set"

    def __init__(self, manifest: Path, split: Split = Split.TEST) -> None:
        self._folder = manifest.parent
        self._rows = [row for row in read_manifest(manifest) if row.split is split]
        if not self._rows:
            raise ManifestError(f"{manifest} lists no radiograph for {split}: import the data set again")
        whole_only = sum(not row.is_outlined for row in self._rows)
        self.description = (
            f"The {split} split of a manifest: {len(self._rows)} radiographs of "
            f"{len({row.case for row in self._rows})} cases, {whole_only} of them known as a whole only."
        )

    def __len__(self) -> int:
        """Return how many radiographs the split has."""
        return len(self._rows)

    def sample(self, index: int) -> Sample:
        """Return one radiograph; its masks are None where its findings have no outline."""
        row = self._rows[index]
        values, masks = read_row(self._folder, row)
        return Sample(
            name=row.id,
            patient=row.case,
            header=_header_of(row),
            values=values,
            present=np.array([label in row.findings for label in FINDINGS]),
            masks=masks if row.is_outlined else None,
            facts=Facts(view=row.view.value, age_months=row.age_months),
        )


def _header_of(row: Row) -> Dataset:
    """Return as much of a header as measuring needs."""
    header = Dataset()
    header.SOPInstanceUID = "2.25.0"
    header.Rows, header.Columns = row.rows, row.columns
    if row.row_spacing_mm is not None and row.column_spacing_mm is not None:
        header.ImagerPixelSpacing = [row.row_spacing_mm, row.column_spacing_mm]
    if row.view is not View.UNKNOWN:
        header.SeriesDescription = row.view.value.replace("_", " ")
    return header


class FolderSet:
    """The CR and DX images of a folder, with ground truth as SEG.

    Raises
    ------
    NotDicomError
        If there is no radiograph below the folder.
    """

    title = "folder"

    def __init__(self, folder: Path) -> None:
        self._pairs = find_pairs(folder)

    def __len__(self) -> int:
        """Return how many radiographs the folder has."""
        return len(self._pairs)

    @property
    def description(self) -> str:
        """How many radiographs and patients there are."""
        with_truth = sum(pair.truth is not None for pair in self._pairs)
        return (
            f"A folder of DICOM: {len(self)} radiographs of {len(set(self._patients))} patients, "
            f"{with_truth} of them with ground truth as SEG; the others count as without any finding."
        )

    @cached_property
    def _patients(self) -> list[int]:
        """Number of the patient of each radiograph; IDs are forgotten."""
        numbers: dict[str, int] = {}
        return [numbers.setdefault(_patient_key(pair.image), len(numbers)) for pair in self._pairs]

    def sample(self, index: int) -> Sample:
        """Return one radiograph."""
        header = pydicom.dcmread(self._pairs[index].image)
        values, masks = read_pair(self._pairs[index])
        return Sample(
            name=f"radiograph {index + 1}",
            patient=self._patients[index],
            header=header,
            values=values,
            present=np.array([mask.any() for mask in masks]),
            masks=masks,
            facts=Facts(view=view_of(header).value, age_months=age_in_months(header)),
        )


def _patient_key(path: Path) -> str:
    """Return what images of one patient share; the study where the ID was removed."""
    header = pydicom.dcmread(path, specific_tags=["PatientID", "StudyInstanceUID"], stop_before_pixels=True)
    return str(header.get("PatientID") or header.get("StudyInstanceUID") or path)


def age_in_months(header: Dataset) -> int | None:
    """Return PatientAge (AS, PS3.5 section 6.2) in whole months; None where it is missing or malformed."""
    text = str(header.get("PatientAge") or "").strip().upper()
    if len(text) != 4 or not text[:3].isdigit() or text[3] not in _AGE_UNITS:
        return None
    return int(int(text[:3]) * _AGE_UNITS[text[3]])
