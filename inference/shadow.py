"""Let a further model read what another one has read, and write down how they compare.

Nothing of it is shown, drafted or delivered. A line is kept for each radiograph, with UIDs and figures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from pydantic import ValidationError
from pydicom import Dataset

from inference.hanging import Hanging
from inference.measure import Measured, measure
from inference.predict import Predictor
from study import telemetry
from study.archive import Archive, InstanceReference
from study.errors import ModelError
from study.findings import FINDINGS, FindingLabel
from study.model import Finding, Frozen, ModelIdentity, Presence, Probability, Radiograph, StudyRecord
from study.segmentation import Mask, read_masks

log = structlog.get_logger()

FOLDER = "shadow"  # of the folder of models


class ComparedFinding(Frozen):
    """One finding of one radiograph, by both models.

    Attributes
    ----------
    dice
        Of the two masks; None where neither has one.
    """

    shown: Presence
    shadow: Presence
    shown_probability: Probability
    shadow_probability: Probability
    dice: float | None


class Comparison(Frozen):
    """One radiograph, by the model that is shown and by its shadow.

    Attributes
    ----------
    label_agreement
        Share of the radiograph's pixels that get the same label.
    milliseconds
        That the shadow took, decoding included.
    """

    at: datetime
    study_uid: str
    radiograph_uid: str
    shown: ModelIdentity
    shadow: ModelIdentity
    label_agreement: float
    findings: dict[FindingLabel, ComparedFinding]
    milliseconds: float

    @property
    def subject(self) -> tuple[str, str, str]:
        """What was compared: the radiograph and the two networks."""
        return self.radiograph_uid, self.shown.sha256, self.shadow.sha256


def shadow_study(
    record: StudyRecord,
    *,
    archive: Archive,
    predictor: Predictor,
    values_of: Callable[[Path], NDArray[np.float32]],
    header_of: Callable[[Path], Dataset],
    folder: Path,
    clock: Callable[[], datetime] = telemetry.now,
) -> list[Comparison]:
    """Read a study's radiographs with another model than the one that is shown, and keep how they compare.

    Parameters
    ----------
    folder
        Where the lines are kept, a file for each shadow.

    Raises
    ------
    PixelDataError, NotDicomError, ArchiveError
        If a radiograph that was read before cannot be read now.
    """
    if record.model is None or record.model.sha256 == predictor.package.identity.sha256:
        return []
    came = []
    for radiograph in record.radiographs:
        began = time.perf_counter()
        path = archive.path(
            InstanceReference(record.study_uid, radiograph.series_uid, radiograph.instance_uid)
        )
        header, values = header_of(path), values_of(path)
        prediction = predictor.predict(Hanging.of(header).upright(values))
        theirs = measure(prediction, header, predictor.package)
        elapsed = (time.perf_counter() - began) * 1000
        shown = shown_labels(record.study_uid, radiograph, archive)
        ours = [f for f in record.findings if f.radiograph_uid == radiograph.instance_uid]
        comparison = Comparison(
            at=clock(),
            study_uid=record.study_uid,
            radiograph_uid=radiograph.instance_uid,
            shown=record.model,
            shadow=predictor.package.identity,
            label_agreement=round(float(np.mean(shown == theirs.labels)), 6),
            findings=_compared(ours, shown, theirs),
            milliseconds=round(elapsed, 1),
        )
        keep(comparison, folder)
        came.append(comparison)
    return came


def shown_labels(study_uid: str, radiograph: Radiograph, archive: Archive) -> NDArray[np.uint8]:
    """Return the shown model's labels, uint8 (rows, columns), from the SEG that it left."""
    labels = np.zeros((radiograph.rows, radiograph.columns), np.uint8)
    if radiograph.seg_series_uid is None or radiograph.seg_instance_uid is None:
        return labels
    seg = archive.read(InstanceReference(study_uid, radiograph.seg_series_uid, radiograph.seg_instance_uid))
    for number, mask in read_masks(seg).items():
        labels[mask] = number
    return labels


def keep(comparison: Comparison, folder: Path) -> None:
    """Append one line, whole: several workers may write at once."""
    folder.mkdir(parents=True, exist_ok=True)
    line = comparison.model_dump_json() + "\n"
    descriptor = os.open(_file(folder, comparison.shadow), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
    for label, finding in comparison.findings.items():
        same = "same" if finding.shown is finding.shadow else "other"
        telemetry.SHADOW_FINDINGS.labels(
            model=comparison.shadow.name, version=comparison.shadow.version, label=label, decision=same
        ).inc()
    log.info(
        "shadow_compared",
        study_uid=comparison.study_uid,
        instance_uid=comparison.radiograph_uid,
        model=f"{comparison.shadow.name} {comparison.shadow.version}",
        label_agreement=comparison.label_agreement,
        decisions_changed=sum(f.shown is not f.shadow for f in comparison.findings.values()),
        ms=comparison.milliseconds,
    )


def comparisons(folder: Path, name: str) -> list[Comparison]:
    """Return what was kept of the shadow `name` (name and version), each subject once, the newest.

    Raises
    ------
    ModelError
        If nothing was kept.
    """
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        raise ModelError(
            f"nothing was compared with {name} yet; name it in a [[models]] table, shadow = true"
        )
    return list({each.subject: each for each in _lines(path)}.values())


def _lines(path: Path) -> Iterator[Comparison]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Comparison.model_validate_json(line)
        except ValidationError:  # a write that was cut off; the radiograph counts once it is read again
            log.warning("shadow_line_unreadable", file=path.name)


def _file(folder: Path, model: ModelIdentity) -> Path:
    return folder / f"{model.name}-{model.version}.jsonl"


def _compared(
    ours: list[Finding], shown: NDArray[np.uint8], theirs: Measured
) -> dict[FindingLabel, ComparedFinding]:
    by_label = {f.label: f for f in ours}
    compared = {}
    for finding in theirs.findings:
        own = by_label.get(finding.label)
        if own is None:
            continue
        number = FINDINGS[finding.label].segment_number
        compared[finding.label] = ComparedFinding(
            shown=own.presence,
            shadow=finding.presence,
            shown_probability=own.probability,
            shadow_probability=finding.probability,
            dice=_dice(shown == number, theirs.labels == number),
        )
    return compared


def _dice(one: Mask, other: Mask) -> float | None:
    total = int(one.sum()) + int(other.sum())
    return round(2 * int((one & other).sum()) / total, 4) if total else None
