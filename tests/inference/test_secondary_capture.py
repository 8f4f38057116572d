"""The findings burnt in, for viewers that cannot draw a SEG."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import SecondaryCaptureImageStorage
from structlog.testing import capture_logs

from inference.secondary_capture import keep_captures
from study.archive import InstanceReference
from study.fence import Fence
from study.ledger import Ledger
from study.model import Presence, StudyRecord
from study.owed import capture_uid
from tests.inference.validators import dciodvfy

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as opened:
        yield opened


def keep(ledger: Ledger, record: StudyRecord, fence: Fence) -> list[InstanceReference]:
    return keep_captures(record, archive=ledger.archive, display_of=fence.display_values, made_at=NOW)


def test_each_radiograph_gets_a_valid_capture_of_its_own_study(ledger, a_read_study, fence, tmp_path) -> None:
    made = keep(ledger, a_read_study, fence)
    assert [ref.instance_uid for ref in made] == [
        capture_uid(a_read_study.study_uid, r) for r in a_read_study.radiographs
    ]
    for ref, radiograph in zip(made, a_read_study.radiographs, strict=True):
        capture = ledger.archive.read(ref)
        assert not dciodvfy(capture, tmp_path)
        assert capture.SOPClassUID == SecondaryCaptureImageStorage
        assert (capture.PatientName, capture.Manufacturer) == ("HONG^GILDONG", "Kidray")
        assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == radiograph.instance_uid


def test_what_was_segmented_is_painted_on_it(ledger, a_read_study, fence) -> None:
    for ref, radiograph in zip(keep(ledger, a_read_study, fence), a_read_study.radiographs, strict=True):
        picture = ledger.archive.read(ref).pixel_array[:-60, :-400].astype(int)  # without caption and legend
        colored = float((np.ptp(picture, axis=2) > 20).mean())
        assert (colored > 0) == (radiograph.seg_instance_uid is not None)
    free_air = next(f for f in a_read_study.findings if f.label == "pneumoperitoneum" and f.area_px)
    assert free_air.presence is Presence.PRESENT


def test_doing_it_again_makes_nothing_twice(ledger, a_read_study, fence) -> None:
    assert len(keep(ledger, a_read_study, fence)) == 2
    assert keep(ledger, a_read_study, fence) == []


def test_a_radiograph_that_can_no_longer_be_read_keeps_no_other_from_its_capture(
    ledger, a_read_study, fence
) -> None:
    first = a_read_study.radiographs[0]
    path = ledger.archive.path(
        InstanceReference(a_read_study.study_uid, first.series_uid, first.instance_uid)
    )
    Path(path).write_bytes(path.read_bytes()[:2000])
    with capture_logs() as lines:
        assert len(keep(ledger, a_read_study, fence)) == 1
    assert [line["event"] for line in lines] == ["capture_not_made"]
    assert "HONG" not in str(lines)
