"""The role `work`: the body of every job, given what it needs from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial

from dicom_node.pool import AssociationPool
from dicom_node.priors import fetch_priors
from inference.marks import Reading, keep_marks
from reporting.gate import Gate
from reporting.llm import Llm
from reporting.signing import sign_study
from reporting.step import draft_study, word_study
from roles.alerting import alert_step, with_alert
from roles.delivering import delivery_step, expected_forms, make_forms
from roles.vision import Vision
from study.alive import leave_worker_id, worker_file
from study.circuit import llm_circuit
from study.earlier import Lookout
from study.fence import Fence
from study.holdings import Holdings
from study.jobs import BESIDE, QUEUE, QUEUES, Job, JobQueue, Step, register
from study.learnt import Learnt
from study.probability_maps import ProbabilityMaps
from study.progress import teller
from study.registry import connect
from study.service import Service
from study.state import State
from study.telemetry import now
from study.workers import start_worker, stop_workers

ALERTS_AT_ONCE = 4  # threads that only wait for who is told
LONGEST_YIELD = 300.0  # seconds that a shadow waits for a moment without waiting jobs
MAP_YIELD = 20.0  # seconds that a probability map does: a reader waits for it


def run_worker(service: Service, stop: threading.Event) -> None:
    """Do jobs until `stop` is set; those in hand are finished, or left for another worker."""
    pool = AssociationPool(service.settings.association_idle)
    given = steps(service, pool)
    register(service.broker, given, service.ledger, service.queue)
    queues = [queue for queue in QUEUES if queue not in BESIDE]
    workers = [start_worker(service.broker, threads=service.settings.worker_threads, queues=queues)]
    beside = {QUEUE[job]: 1 for job in given if QUEUE[job] in BESIDE}
    beside[QUEUE[Job.WORD]] = service.settings.worker_threads  # which wait for the LLM, and compute nothing
    beside[QUEUE[Job.ALERT]] = ALERTS_AT_ONCE
    workers += [start_worker(service.broker, threads=n, queues=[queue]) for queue, n in beside.items()]
    while not stop.is_set():
        leave_worker_id(service.settings.run, service.broker)  # a new one after a lost connection
        stop.wait(1.0)
    worker_file(service.settings.run).unlink(missing_ok=True)
    stop_workers(workers)
    pool.close()


def steps(service: Service, pool: AssociationPool) -> Mapping[Job, Step]:
    """Return the body of every job; results go over associations of `pool`."""
    fence = Fence(service.settings.worker_threads)
    fence.warm_up()
    learnt = Learnt(connect(service.redis_url))
    reading = Reading(fence.header, fence.attenuation_values, fence.modality_values)
    return {
        Job.ALERT: alert_step(service),
        **_vision_steps(service, fence, learnt),
        **_draft_steps(service),
        Job.SIGN: partial(sign_study, ledger=service.ledger),
        Job.MARKS: with_alert(partial(keep_marks, ledger=service.ledger, reading=reading), service),
        Job.DELIVER: delivery_step(service, fence, learnt, pool),
        **_priors_step(service),
    }


def _vision_steps(service: Service, fence: Fence, learnt: Learnt) -> Mapping[Job, Step]:
    settings = service.settings
    vision = Vision.open(settings, service.ledger, fence)
    read = with_alert(vision.segment, service)

    def segment(study_uid: str) -> None:
        record = read(study_uid)
        make_forms(record, expected_forms(settings.policies, learnt), service=service, fence=fence)
        if record.state != State.SEGMENTED:
            return
        if settings.priors_from is not None:
            service.queue.ask(Job.PRIORS, study_uid)
        if vision.readers.shadows:
            service.queue.ask(Job.SHADOW, study_uid)

    def shadow(study_uid: str) -> None:
        _let_pass(service.queue, LONGEST_YIELD)
        vision.shadow(study_uid)

    maps = ProbabilityMaps(connect(service.redis_url, decode=False))

    def make_maps(study_uid: str) -> None:
        _let_pass(service.queue, MAP_YIELD)
        vision.make_maps(study_uid, maps)

    given: dict[Job, Step] = {
        Job.PREVIEW: with_alert(vision.preview, service),
        Job.SEGMENT: segment,
        Job.MAP: make_maps,
    }
    return {**given, Job.SHADOW: shadow} if vision.readers.shadows else given


def _let_pass(queue: JobQueue, longest: float) -> None:
    """Wait until no study waits for a worker, but at most `longest` seconds: what is shown comes first."""
    until = time.monotonic() + longest
    while queue.waiting() and time.monotonic() < until:
        time.sleep(0.2)


def _priors_step(service: Service) -> Mapping[Job, Step]:
    """Return what fetches a study's priors, where a PACS is set; what fails is in the log alone."""
    settings, source = service.settings, service.settings.priors_from
    if source is None:
        return {}
    known = {str(policy.node): policy.node for policy in settings.policies}  # those know of TLS

    def fetch(study_uid: str) -> None:
        record = service.ledger.held(study_uid)
        if record.summary.patient_id:
            fetch_priors(
                record,
                known.get(str(source), source),
                service.ledger.archive,
                calling_ae_title=settings.ae_title,
                by=settings.priors_by,
            )

    return {Job.PRIORS: fetch}


def _draft_steps(service: Service) -> Mapping[Job, Step]:
    settings = service.settings
    llm = Llm.from_settings(settings)
    gate = None
    tell = teller(connect(service.redis_url))
    if llm is not None:  # LangChain's first import costs seconds: not the first study's
        gate = Gate(llm, llm_circuit(connect(service.redis_url)))
        threading.Thread(target=llm.warm_up, name="warm-up", daemon=True).start()

    holdings = Holdings(service.ledger.archive)
    lookout = Lookout(holdings, service.ledger.registry, more_come=settings.priors_from is not None)
    lookout.start()

    def draft(study_uid: str) -> None:
        draft_study(
            study_uid,
            ledger=service.ledger,
            worded=llm is not None,
            language=settings.language,
            clock=now,
            priors=lookout.priors,
        )
        if service.ledger.held(study_uid).state == State.DRAFTED:  # else the next version is soon there
            send_draft(study_uid)

    def word(study_uid: str) -> None:
        word_study(study_uid, ledger=service.ledger, llm=llm, gate=gate, tell=tell, clock=now)
        send_draft(study_uid)

    def send_draft(study_uid: str) -> None:
        if any("DRAFT" in (recipient.gets or ()) for recipient in settings.recipients):
            service.queue.ask(Job.DELIVER, study_uid)

    return {Job.DRAFT: draft, Job.WORD: word}
