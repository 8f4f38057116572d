"""Turn a radiograph to the way that a frontal abdomen is hung, and what is drawn on it back. Pure.

The network was trained on radiographs with the patient's left on the image's right and feet down;
equipment may store them rotated or mirrored and say so in Patient Orientation (PS3.3 C.7.6.1.1.1).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from study.geometry import row_and_column_directions

_Value = TypeVar("_Value", bound=np.generic)
_ALONG_THE_BODY = ("H", "F")


class Hanging(NamedTuple):
    """How the stored image differs from the standard hanging.

    Attributes
    ----------
    transposed
        Whether the stored rows run along the body; undone first.
    mirrored, upended
        Whether the patient's right is then on the right; whether the head is then below.
    directions
        Of the patient towards the right and the bottom of the turned image: L and F, but A or P
        instead of L where the view is from the side.
    """

    transposed: bool
    mirrored: bool
    upended: bool
    directions: tuple[str, str]

    @classmethod
    def of(cls, dataset: Dataset) -> Hanging:
        """Return how a radiograph is hung; the standard where Patient Orientation says nothing usable."""
        row, column = row_and_column_directions(dataset)
        transposed = row in _ALONG_THE_BODY
        across, along = (column, row) if transposed else (row, column)
        mirrored, upended = across == "R", along == "H"
        turned = ("L" if mirrored else across, "F" if upended else along)
        return cls(transposed, mirrored, upended, turned)

    def upright(self, stored: NDArray[_Value]) -> NDArray[_Value]:
        """Return an image as stored, (rows, columns), in the standard hanging."""
        turned = stored.T if self.transposed else stored
        return np.ascontiguousarray(self._flipped(turned))

    def as_stored(self, upright: NDArray[_Value]) -> NDArray[_Value]:
        """Return an image in the standard hanging, or what is drawn on it, as it is stored."""
        turned = self._flipped(upright)
        return np.ascontiguousarray(turned.T if self.transposed else turned)

    def _flipped(self, image: NDArray[Any]) -> NDArray[Any]:
        return image[:: -1 if self.upended else 1, :: -1 if self.mirrored else 1]
