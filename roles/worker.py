"""The role `work`: the body of every job, given what it needs from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial

from dicom_node.commitment_request import ask_commitment
from dicom_node.deliver import deliver_study
from dicom_node.site_rules import decide_by
from inference.models import load_package
from inference.predict import Predictor
from inference.secondary_capture import keep_captures
from inference.step import preview_study, segment_study
from inference.warm_up import warm_up
from reporting.llm import Llm
from reporting.signing import sign_study
from reporting.step import draft_study
from study.alive import leave_worker_id, worker_file
from study.circuit import Circuit
from study.fence import Fence
from study.jobs import Job, register, start_worker
from study.model import StudyRecord
from study.registry import connect
from study.service import Service
from study.settings import Settings
from study.telemetry import now

Step = Callable[[str], object]  # a job's body: it is given a Study Instance UID


def run_worker(service: Service, stop: threading.Event) -> None:
    """Do jobs until `stop` is set; those in hand are finished, or left for another worker."""
    register(service.broker, steps(service), service.ledger, service.queue)
    worker = start_worker(service.broker, threads=service.settings.worker_threads)
    while not stop.is_set():
        leave_worker_id(service.settings.run, service.broker)  # a new one after a lost connection
        stop.wait(1.0)
    worker_file(service.settings.run).unlink(missing_ok=True)
    worker.stop(timeout=15_000)


def steps(service: Service) -> Mapping[Job, Step]:
    """Return the body of every job."""
    return {
        **_vision_steps(service),
        Job.DRAFT: _draft_step(service),
        Job.SIGN: partial(sign_study, ledger=service.ledger),
        Job.DELIVER: _delivery_step(service),
    }


def _vision_steps(service: Service) -> Mapping[Job, Step]:
    settings = service.settings
    predictor = _predictor(settings)
    fence = Fence(settings.worker_threads)
    fence.warm_up()
    warm_up(predictor)  # the first study shall not wait for what is loaded once

    def read_by_rules(step: Callable[..., StudyRecord], study_uid: str) -> StudyRecord:
        decide = partial(
            decide_by,
            rules=settings.rules,
            calling_ae_title=service.ledger.held(study_uid).calling_ae_title,
            max_age_years=settings.max_age_years,
        )
        return step(
            study_uid,
            ledger=service.ledger,
            predictor=predictor,
            decide=decide,
            values_of=fence.attenuation_values,
        )

    def segment(study_uid: str) -> None:
        record = read_by_rules(segment_study, study_uid)
        if any("CAPTURE" in policy.gets for policy in settings.policies):
            keep_captures(
                record, archive=service.ledger.archive, display_of=fence.display_values, made_at=now()
            )

    return {Job.PREVIEW: partial(read_by_rules, preview_study), Job.SEGMENT: segment}


def _predictor(settings: Settings) -> Predictor:
    package = load_package(settings.model)
    if settings.device == "cpu":
        return Predictor(package, threads=settings.worker_threads)
    from inference.torch_runtime import TorchRuntime  # torch is there on such a machine only

    return Predictor(package, runtime=TorchRuntime(package, device=settings.device))


def _draft_step(service: Service) -> Step:
    settings = service.settings
    llm = Llm.from_settings(settings)
    if llm is not None:  # LangChain's first import costs seconds: not the first study's
        threading.Thread(target=llm.warm_up, name="warm-up", daemon=True).start()

    def draft(study_uid: str) -> None:
        draft_study(study_uid, ledger=service.ledger, llm=llm, language=settings.language, clock=now)
        if any("DRAFT" in policy.gets for policy in settings.policies):
            service.queue.ask(Job.DELIVER, study_uid)

    return draft


def _delivery_step(service: Service) -> Step:
    settings = service.settings
    circuit = Circuit(connect(service.redis_url))

    def deliver(study_uid: str) -> None:
        try:
            deliver_study(
                study_uid,
                ledger=service.ledger,
                destinations=settings.policies,
                circuit=circuit,
                calling_ae_title=settings.ae_title,
            )
        finally:  # a destination that is down keeps no other from being asked
            ask_commitment(
                study_uid,
                ledger=service.ledger,
                destinations=[policy.node for policy in settings.policies if policy.commitment],
                calling_ae_title=settings.ae_title,
            )

    return deliver
