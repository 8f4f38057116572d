"""A study with a poison instance in it, read behind the fence: the instance is named, the study goes on."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import RLELossless, generate_uid
from structlog.testing import capture_logs

from inference.predict import Predictor
from inference.step import segment_study
from study.decision import Decision
from study.errors import PixelDataError
from study.fence import Fence, FenceLimits
from study.history import Queued, Received
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.pixels import file_attenuation
from study.short_header import file_header
from study.state import State
from study.unread import Unread, UnreadCode
from tests.study import poison
from training.phantom import PhantomKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1, FenceLimits(memory=512 << 20, cpu_seconds=5, seconds=100)) as opened:
        yield opened


@pytest.fixture
def held(ledger: Ledger, radiographs: dict[PhantomKind, Dataset]):
    """Put a good radiograph and changed copies of it into the archive as one queued study."""

    def put(*changes) -> tuple[str, list[Path]]:
        study_uid, paths = generate_uid(), []
        for change in (None, *changes):
            dataset = deepcopy(radiographs[PhantomKind.CONSTIPATION])
            dataset.StudyInstanceUID, dataset.SOPInstanceUID = study_uid, generate_uid()
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            if change is not None:
                change(dataset)
            paths.append(ledger.archive.path(ledger.archive.write_dataset(dataset)))
        summary = StudySummary()
        ledger.append(
            study_uid, lambda _: Received(at=NOW, revision=1, calling_ae_title="M", summary=summary)
        )
        ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=len(paths)))
        return study_uid, paths

    return put


def read(
    study_uid: str, ledger: Ledger, predictor: Predictor, values_of, header_of=file_header
) -> StudyRecord:
    return segment_study(
        study_uid,
        ledger=ledger,
        predictor=predictor,
        decide=lambda _: Decision(True),
        clock=lambda: NOW,
        values_of=values_of,
        header_of=header_of,
    )


def bomb(dataset: Dataset) -> None:
    """Make it a small file that claims four thousand million pixels."""
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.Rows = dataset.Columns = 65535


def garble(dataset: Dataset) -> None:
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.PixelData = dataset.PixelData[:300] + bytes(200) + dataset.PixelData[500:2000]


def test_bombs_are_named_with_their_reasons_and_the_study_goes_on(held, ledger, predictor, fence) -> None:
    study_uid, (good, *bad) = held(bomb, garble)
    record = read(study_uid, ledger, predictor, fence.attenuation_values)
    assert record.state == State.SEGMENTED
    assert [r.instance_uid for r in record.radiographs] == [good.stem]
    (event,) = (e for e in ledger.archive.events(study_uid) if e.kind == "segmented")
    reasons = [event.segmentation.not_read[path.stem].parameters["detail"] for path in bad]
    assert reasons[0] == "the image claims 65535 x 65535 pixels, over 64000000"
    assert "cannot be decoded" in reasons[1]


def test_an_instance_that_ends_the_reader_is_named_and_the_study_goes_on(
    held, ledger, predictor, fence
) -> None:
    study_uid, (good, poisonous) = held(lambda _: None)

    def values_of(path: Path):
        if path == poisonous:
            fence.call(poison.crash, path)
        return fence.attenuation_values(path)

    record = read(study_uid, ledger, predictor, values_of)
    assert [r.instance_uid for r in record.radiographs] == [good.stem]
    (event,) = (e for e in ledger.archive.events(study_uid) if e.kind == "segmented")
    why = Unread.of(UnreadCode.UNREADABLE, detail="reading it ends the reader: SIGSEGV")
    assert event.segmentation.not_read == {poisonous.stem: why}


def deepen(path: Path) -> None:
    """Put sequences nested 5,000 deep into its header."""
    level = b"\x09\x00\x10\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    _insert(path, level * 5_000)


def crowd(path: Path) -> None:
    """Put four million elements into its header."""
    _insert(path, b"\x09\x00\x10\x10SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * 4_000_000)


def _insert(path: Path, elements: bytes) -> None:
    part10 = path.read_bytes()
    at = part10.index(b"\x08\x00\x05\x00CS")  # the first element behind the file meta information
    path.write_bytes(part10[:at] + elements + part10[at:])


def test_poison_in_a_header_is_named_and_the_study_goes_on(held, ledger, predictor, fence) -> None:
    study_uid, (good, deep, crowded) = held(lambda _: None, lambda _: None)
    deepen(deep)
    crowd(crowded)
    with capture_logs() as lines:
        record = read(study_uid, ledger, predictor, fence.attenuation_values, fence.header)
    assert [r.instance_uid for r in record.radiographs] == [good.stem]
    (event,) = (e for e in ledger.archive.events(study_uid) if e.kind == "segmented")
    reasons = {uid: why.parameters["detail"] for uid, why in event.segmentation.not_read.items()}
    assert reasons[deep.stem] == "it cannot be read: RecursionError"
    assert reasons[crowded.stem] in (
        "reading it needs more memory than is allowed",
        "reading it takes more CPU time than is allowed",
    )
    named = [line["instance_uid"] for line in lines if line["event"] == "radiograph_unreadable"]
    assert sorted(named) == sorted([deep.stem, crowded.stem])


def test_a_study_of_nothing_but_poison_is_an_error_that_no_retry_mends(
    held, ledger, predictor, fence
) -> None:
    study_uid, (good, _) = held(bomb)
    good.unlink()
    with pytest.raises(PixelDataError, match="no radiograph of the study can be read") as caught:
        read(study_uid, ledger, predictor, fence.attenuation_values)
    assert not caught.value.retryable


def test_the_fence_changes_no_finding(held, ledger, predictor, fence) -> None:
    (first, (path,)), (second, _) = held(), held()
    np.testing.assert_array_equal(fence.attenuation_values(path), file_attenuation(path))
    inside = read(first, ledger, predictor, fence.attenuation_values)
    here = read(second, ledger, predictor, file_attenuation)
    assert [(f.label, f.probability, f.area_px) for f in inside.findings] == [
        (f.label, f.probability, f.area_px) for f in here.findings
    ]
