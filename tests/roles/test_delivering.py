"""The delivery job as a worker puts it together from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.pool import AssociationPool
from roles import delivering
from roles.delivering import delivery_step
from study.errors import DeliveryError, NotInArchiveError, SettingsError
from study.fence import Fence
from study.learnt import Learnt
from study.model import DeliveryState
from study.registry import connect
from study.service import Service
from study.settings import Settings
from tests.peers import free_port
from tests.reporting.builders import STUDY
from tests.reporting.receivers import FhirServer, MllpListener, running
from tests.reporting.reports import events


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as opened:
        yield opened


def service(redis_url: str, home: Path, **settings: object) -> Service:
    return Service.open(Settings(home=home, redis_url=redis_url, **settings), patience=60.0)  # type: ignore[arg-type]


def keep_signed_study(opened: Service) -> None:
    for event in events(signed=True):
        opened.ledger.append(STUDY, lambda _, event=event: event)


def test_reports_reach_endpoints_though_the_pacs_is_down(redis_url, registry, tmp_path, fence):
    server = FhirServer(token="secret")
    with running(server) as url, MllpListener() as engine:
        opened = service(
            redis_url,
            tmp_path,
            pacs=f"PACS@127.0.0.1:{free_port()}",
            endpoints=[
                {"name": "EMR", "url": url, "token": "secret", "timeout": 100, "pdf": False},
                {"name": "ENGINE", "url": engine.url, "timeout": 100},
            ],
        )
        keep_signed_study(opened)
        step = delivery_step(opened, fence, Learnt(connect(redis_url)), AssociationPool())
        with pytest.raises(DeliveryError, match="PACS"):
            step(STUDY)
    assert len(engine.messages) == 1
    assert [report["status"] for report in server.newest("DiagnosticReport")] == ["final"]
    sent = {d.destination for d in opened.ledger.held(STUDY).deliveries if d.state is DeliveryState.SENT}
    assert sent == {"EMR", "ENGINE"}


def test_what_is_final_for_the_objects_leaves_a_message_to_be_tried_again(
    redis_url, registry, tmp_path, fence, monkeypatch
):
    def refuse(*_: object, **__: object) -> None:
        raise NotInArchiveError("its radiograph is there no more")

    monkeypatch.setattr(delivering, "deliver_study", refuse)
    silent = {"name": "ENGINE", "url": f"mllp://127.0.0.1:{free_port()}"}
    opened = service(redis_url, tmp_path, endpoints=[silent])
    keep_signed_study(opened)
    step = delivery_step(opened, fence, Learnt(connect(redis_url)), AssociationPool())
    with pytest.raises(DeliveryError, match="ENGINE") as failed:
        step(STUDY)
    assert failed.value.retryable


def test_tls_files_that_cannot_be_used_are_said_at_the_start(redis_url, registry, tmp_path, fence):
    missing = {"name": "EMR", "url": "https://emr/fhir", "authorities": tmp_path / "missing.pem"}
    opened = service(redis_url, tmp_path, endpoints=[missing])
    with pytest.raises(SettingsError, match="endpoint EMR"):
        delivery_step(opened, fence, Learnt(connect(redis_url)), AssociationPool())
