from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest
from pydicom import Dataset

from study.archive import Archive
from study.earlier import Lookout
from study.holdings import Holdings
from study.model import StudyRecord, StudySummary
from study.registry import Registry
from tests.study.radiographs import radiograph

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


def a_record(**summary: str) -> StudyRecord:
    given = {"patient_id": "PID-1", "study_date": "20260101", **summary}
    return StudyRecord(
        study_uid="1.2.3",
        state="segmented",
        revision=1,
        version=1,
        summary=StudySummary(**given),
        received_at=AT,
        updated_at=AT,
    )


def held(archive: Archive, **attributes: object) -> Dataset:
    given = {"PatientID": "PID-1", "StudyDate": "20250501", "BodyPartExamined": "ABDOMEN", **attributes}
    dataset = radiograph(np.zeros((8, 8), np.uint16), **given)
    archive.write_dataset(dataset)
    return dataset


@pytest.fixture
def lookout(archive: Archive, registry: Registry) -> Lookout:
    return Lookout(Holdings(archive), registry)


def test_the_latest_earlier_study_is_named(archive: Archive, lookout: Lookout):
    held(archive, StudyDate="20240501")
    latest = held(archive)
    held(archive, PatientID="PID-2", StudyDate="20251201")
    lookout.warm_up()
    (prior,) = lookout.priors(a_record()) or []
    assert (prior.study_uid, prior.study_date) == (str(latest.StudyInstanceUID), "20250501")


def test_a_study_that_comes_in_later_is_seen_too(archive: Archive, lookout: Lookout):
    lookout.warm_up()
    assert lookout.priors(a_record()) == []
    held(archive)
    assert len(lookout.priors(a_record()) or []) == 1


def test_nothing_is_said_before_all_that_is_held_is_known(archive: Archive, lookout: Lookout):
    held(archive)
    assert lookout.priors(a_record()) is None


def test_nothing_is_said_of_a_patient_without_an_id(archive: Archive, lookout: Lookout):
    held(archive, PatientID="")
    lookout.warm_up()
    assert lookout.priors(a_record(patient_id="")) is None


def test_where_priors_are_fetched_that_none_is_held_yet_says_nothing(archive: Archive, registry: Registry):
    lookout = Lookout(Holdings(archive), registry, more_come=True)
    lookout.warm_up()
    assert lookout.priors(a_record()) is None
    held(archive)
    assert len(lookout.priors(a_record()) or []) == 1
