"""Make the probability maps of a radiograph anew, for a reader who moves a finding's threshold.

The network's maps are not kept when a radiograph is read. It is read once more, by the same package, the
same preprocessing and the same runtime; that the findings' probabilities come out as they were recorded
is checked, so that a map is never another's than the finding's.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from inference.golden import SCORE_TOLERANCE
from inference.hanging import Hanging
from inference.measure import WEAKEST_SUSPICION
from inference.predict import Prediction, Predictor
from study.archive import Archive, InstanceReference
from study.errors import NotDicomError, PixelDataError
from study.findings import FINDINGS, FindingLabel
from study.inspection import MALFORMED
from study.model import Finding, ModelIdentity, Radiograph, StudyRecord
from study.pixels import Floats
from study.probability_maps import MapRefusal, ProbabilityMap, RadiographMaps

STEPS = 255  # of a map's values: this is probability 1
EVEN = 0.5  # where a finding is as likely as all else together


class Remade(NamedTuple):
    """What came of a radiograph, and each map's values: rows x columns uint8, gzip."""

    made: RadiographMaps
    bodies: Mapping[FindingLabel, bytes]


def remake_maps(
    record: StudyRecord,
    radiograph_uid: str,
    *,
    archive: Archive,
    predictor: Predictor | None,
    values_of: Callable[[Path], Floats],
    header_of: Callable[[Path], Dataset],
    at: datetime,
) -> Remade | None:
    """Return the maps of a radiograph as the model that read it makes them, or why there are none.

    Parameters
    ----------
    predictor
        Of the package that made the record's findings; None where it is no longer here.

    Returns
    -------
    Remade or None
        None where the model never read that radiograph.

    Raises
    ------
    ArchiveError
        If the archive cannot be read; trying again may help.
    """
    radiograph = next((r for r in record.radiographs if r.instance_uid == radiograph_uid), None)
    if radiograph is None or record.model is None:
        return None
    if predictor is None:
        name = f"{record.model.name} {record.model.version}"
        return _refused(record.model, MapRefusal.OTHER_MODEL, f"{name} is not what reads here now")
    path = archive.path(InstanceReference(record.study_uid, radiograph.series_uid, radiograph_uid))
    try:
        header, values = header_of(path), values_of(path)
    except (NotDicomError, PixelDataError) as error:
        return _refused(record.model, MapRefusal.UNREADABLE, str(error))
    except tuple(e for e in MALFORMED if e not in {OSError, MemoryError}) as error:
        return _refused(record.model, MapRefusal.UNREADABLE, type(error).__name__)
    hanging = Hanging.of(header)
    prediction = predictor.predict(hanging.upright(values))
    apart = _apart(prediction, [f for f in record.findings if f.radiograph_uid == radiograph_uid])
    if apart > SCORE_TOLERANCE[predictor.runtime.precision]:
        said = f"a finding's probability is off by {apart:.2f}"
        return _refused(record.model, MapRefusal.NOT_REPRODUCED, said)
    return _described(prediction, hanging, radiograph, record.model, at)


def stored_maps(prediction: Prediction, hanging: Hanging) -> NDArray[np.uint8]:
    """Return the findings' maps without the square's margins, as the radiograph is stored.

    Returns
    -------
    np.ndarray
        uint8 (4, rows, columns) in segment order: 255 times the softmax probability.
    """
    content = prediction.letterbox.crop(prediction.probabilities)[1:]
    steps = np.rint(content * np.float32(STEPS)).astype(np.uint8)
    return np.stack([hanging.as_stored(each) for each in steps])


def own_threshold(prediction: Prediction, number: int) -> float:
    """Return the probability above which a finding's map is the outline that the model gave it.

    Where the finding beats every other label at some pixel that is one half: the outline lies where it is
    as likely as all else. Where it wins nowhere, the outline is the place of the strongest suspicion
    (`inference.measure`), and the threshold is that suspicion's.

    Parameters
    ----------
    number
        Segment number, from 1.
    """
    content = prediction.letterbox.crop(prediction.probabilities)
    if (content.argmax(axis=0) == number).any():
        return EVEN
    strongest = float(prediction.letterbox.enlarge(prediction.probabilities[number]).max())
    return min(EVEN, max(EVEN * strongest, WEAKEST_SUSPICION))


def _described(
    prediction: Prediction, hanging: Hanging, radiograph: Radiograph, model: ModelIdentity, at: datetime
) -> Remade:
    maps = stored_maps(prediction, hanging)
    rows, columns = maps.shape[1:]
    described = {
        label: ProbabilityMap(
            label=label,
            rows=rows,
            columns=columns,
            row_scale=radiograph.rows / rows,
            column_scale=radiograph.columns / columns,
            threshold=round(own_threshold(prediction, definition.segment_number), 4),
            model=model,
            made_at=at,
        )
        for label, definition in FINDINGS.items()
    }
    bodies = {
        label: gzip.compress(each.tobytes(), compresslevel=6, mtime=0)
        for label, each in zip(FINDINGS, maps, strict=True)
    }
    return Remade(RadiographMaps(model=model, maps=described), bodies)


def _apart(prediction: Prediction, findings: list[Finding]) -> float:
    """Return how far the likeliest difference of a finding's probability is from what was recorded."""
    scores = dict(zip(FINDINGS, prediction.scores, strict=True))
    return max((abs(float(scores[f.label]) - f.probability) for f in findings), default=0.0)


def _refused(model: ModelIdentity, refusal: MapRefusal, reason: str) -> Remade:
    return Remade(RadiographMaps(model=model, refusal=refusal, reason=reason), {})
