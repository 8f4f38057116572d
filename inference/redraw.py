"""Measure a mask that a reader drew, by the code that measures the network's own. Pure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from inference.hanging import Hanging
from inference.measure import Part, placed
from inference.preprocess import prepare
from inference.region import Field
from study.model import Certainty, Finding, Presence

_FIELD_SIZE = 512  # pixels a side in which the exposed field is looked for


def measure_drawn(
    mask: NDArray[np.bool_], finding: Finding, values: NDArray[np.float32], dataset: Dataset, reader: str
) -> Finding:
    """Return the finding with where the drawn mask lies and how large it is; it is there.

    Nothing of the mask is dropped: a small part that a person drew is meant.

    Parameters
    ----------
    mask
        bool (rows, columns), as stored, with at least one pixel.
    finding
        As the model stated it. Its probability stays the model's; its certainty is the reader's, who
        states it plainly.
    values
        float32 (rows, columns): the radiograph's `study.pixels.attenuation_values`, as stored.
    dataset
        The radiograph's header.
    reader
        Who drew it.
    """
    hanging = Hanging.of(dataset)
    upright = hanging.upright(mask)
    network_input, box = prepare(hanging.upright(values), _FIELD_SIZE)
    field = Field.of(network_input[0], box, hanging.directions)
    parts = cv2.connectedComponents(upright.view(np.uint8), connectivity=8)[0] - 1
    part = Part(upright, int(np.count_nonzero(upright)), parts)
    stated: dict[str, object] = {"presence": Presence.PRESENT, "certainty": Certainty.HIGH}
    there = finding.model_copy(update={**stated, "drawn_by": reader, "segment": None})
    return placed(there, part, dataset, field, hanging)
