"""Our DICOMweb through a client that somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from requests.exceptions import HTTPError

from study.ledger import Ledger
from tests.web_viewer.server import serving
from tests.web_viewer.studies import COLUMNS, ROWS, SegmentedStudy, a_dx, pixels
from web_viewer.deps import Services


@pytest.fixture
def foreign(build_services: Callable[..., Services]) -> Iterator[DICOMwebClient]:
    with serving(build_services()) as (url, _, _):
        client = DICOMwebClient(f"{url}/dicom-web")
        yield client
        client._session.close()


def test_it_searches(foreign: DICOMwebClient, drafted: SegmentedStudy):
    (study,) = foreign.search_for_studies(search_filters={"PatientID": "PID*"})
    assert study["0020000D"]["Value"] == [drafted.study_uid]
    assert len(foreign.search_for_series(drafted.study_uid)) == 2
    (instance,) = foreign.search_for_instances(
        drafted.study_uid, drafted.series_uid, fields=["BodyPartExamined"]
    )
    assert instance["00180015"]["Value"] == ["ABDOMEN"]
    assert foreign.search_for_studies(search_filters={"PatientID": "nobody"}) == []


def test_it_retrieves(foreign: DICOMwebClient, drafted: SegmentedStudy):
    names = (drafted.study_uid, drafted.series_uid, drafted.instance_uid)
    dataset = foreign.retrieve_instance(*names)
    np.testing.assert_array_equal(dataset.pixel_array, pixels())
    assert len(foreign.retrieve_study(drafted.study_uid)) == 2
    (header,) = foreign.retrieve_series_metadata(drafted.study_uid, drafted.series_uid)
    assert header["00280010"]["Value"] == [ROWS]
    (frame,) = foreign.retrieve_instance_frames(*names, frame_numbers=[1])
    np.testing.assert_array_equal(np.frombuffer(frame, "<u2").reshape(ROWS, COLUMNS), pixels())
    (bulk,) = foreign.retrieve_bulkdata(header["7FE00010"]["BulkDataURI"])
    assert bulk == frame
    image = foreign.retrieve_instance_rendered(*names, media_types=("image/png",))
    assert image.startswith(b"\x89PNG")


def test_it_stores(foreign: DICOMwebClient, ledger: Ledger):
    datasets = [a_dx(), a_dx()]
    answer = foreign.store_instances(datasets)
    assert len(answer.ReferencedSOPSequence) == 2
    assert "FailedSOPSequence" not in answer
    held = {ref.instance_uid for d in datasets for ref in ledger.archive.instances(d.StudyInstanceUID)}
    assert held == {d.SOPInstanceUID for d in datasets}


def test_it_is_told_what_is_not_there(foreign: DICOMwebClient):
    with pytest.raises(HTTPError, match="404"):
        foreign.retrieve_instance("1.2", "1.3", "1.4")
