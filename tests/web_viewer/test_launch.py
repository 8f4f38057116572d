"""An EHR launches the viewer (SMART App Launch), both over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.web_viewer.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.deps import Services
from web_viewer.identity.passwords import hashed

STUDY = "1.2.826.0.1.3680043.8.498.1"
ACSN = {"type": {"coding": [{"code": "ACSN"}]}, "value": "ACC1"}


@pytest.fixture
def ehr() -> Iterator[Provider]:
    with running_provider() as running:
        running.claims = {"sub": "p-9", "name": "Minji Kim", "fhirUser": "Practitioner/9"}
        yield running


@pytest.fixture
def url(build_services: Callable[..., Services], ehr: Provider) -> Iterator[str]:
    services = build_services(
        web_host="0.0.0.0",
        users=[{"login": "a", "name": "A", "password": hashed("x")}],
        smart_issuers=f"{ehr.url}/fhir",
        smart_client_id=CLIENT_ID,
        smart_client_secret=CLIENT_SECRET,
    )
    with serving(services) as (url, _, _):
        yield url


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as client:
        yield client


def launched(browser: httpx.Client, ehr: Provider, **token: Any) -> httpx.Response:
    ehr.launch = token
    return browser.get("/launch", params={"iss": f"{ehr.url}/fhir", "launch": "xyz"})


def test_a_launch_opens_the_study_that_is_open_in_the_ehr_and_logs_in(
    url: str, ehr: Provider, browser: httpx.Client
):
    ehr.resources["ImagingStudy/7"] = {
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{STUDY}"}, ACSN]
    }
    answer = launched(browser, ehr, fhirContext=[{"reference": "ImagingStudy/7"}], patient="p")
    assert str(answer.url) == f"{url}/viewer?StudyInstanceUID={STUDY}"
    asked = ehr.asked[0]
    assert (asked["aud"], asked["launch"]) == (f"{ehr.url}/fhir", "xyz")
    assert asked["scope"].split()[:2] == ["launch", "openid"]
    session = browser.get("/api/session").json()
    assert (session["subject"], session["name"], session["roles"], session["how"]) == (
        "Practitioner/9",
        "Minji Kim",
        ["reader"],
        "smart",
    )
    for token in ehr.tokens:
        assert all(token not in str(step.url) for step in (*answer.history, answer))


def test_a_launch_from_an_order_opens_its_accession_number(url: str, ehr: Provider, browser: httpx.Client):
    ehr.resources["ServiceRequest/3"] = {"identifier": [{"value": "placer"}, ACSN]}
    absolute = f"{ehr.url}/fhir/ServiceRequest/3"
    answer = launched(browser, ehr, fhirContext=[{"reference": absolute}])
    assert str(answer.url) == f"{url}/viewer?AccessionNumber=ACC1"


def test_a_launch_from_a_patient_opens_the_newest_study_without_the_id_in_an_address(
    url: str, ehr: Provider, browser: httpx.Client, drafted: SegmentedStudy
):
    ehr.resources["Patient/5"] = {"identifier": [{"value": "PID-4711"}]}
    answer = launched(browser, ehr, patient="5")
    assert str(answer.url) == f"{url}/viewer?StudyInstanceUID={drafted.study_uid}"
    assert not any("4711" in str(step.url) for step in (*answer.history, answer))


def test_nothing_is_read_from_another_server_than_the_one_that_launched(
    url: str, ehr: Provider, browser: httpx.Client
):
    answer = launched(browser, ehr, fhirContext=[{"reference": "https://evil.example/fhir/ImagingStudy/1"}])
    assert answer.status_code == 404
    assert "No study was named" in answer.text


def test_a_patient_without_studies_is_said_to_have_none(url: str, ehr: Provider, browser: httpx.Client):
    ehr.resources["Patient/6"] = {"identifier": [{"value": "nobody"}]}
    answer = launched(browser, ehr, patient="6")
    assert answer.status_code == 404


def test_a_server_that_is_not_known_cannot_launch(url: str, ehr: Provider, browser: httpx.Client):
    answer = httpx.get(f"{url}/launch", params={"iss": "https://evil.example/fhir", "launch": "x"})
    assert answer.status_code == 403
    assert not ehr.asked


def test_a_launch_without_its_begin_opens_nothing(url: str):
    assert httpx.get(f"{url}/launch/callback?code=a&state=b").status_code == 401
