"""How soon a study has its draft and its wording, with the LLM up, slow, wrong, hanging and gone.

From the vision result (the event `segmented`, its job asked) to the template's draft, stored, and to
the final draft, by a worker as `kidray work` runs it: real Redis, real archive, a real HTTP server
for each fault. Writes its part of benchmarks/results/reports.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pydicom import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from benchmarks import machine
from benchmarks.bad_llm import Fault, serving_badly, wait_for
from benchmarks.section import replace_section
from reporting.gate import Gate
from reporting.llm import Llm
from reporting.server import serving
from reporting.step import draft_study, word_study
from study.archive import Archive
from study.broker import build_broker
from study.circuit import llm_circuit
from study.history import Drafted, Queued, Received, Segmented
from study.jobs import Job, JobQueue, register
from study.ledger import Ledger
from study.model import Language, Segmentation, StudySummary
from study.progress import teller
from study.redis_server import running_redis
from study.registry import Registry, connect
from study.telemetry import now
from study.workers import start_worker, stop_workers
from tests.reporting.builders import MODEL, finding, findings, header, radiograph

RESULTS = Path(__file__).parent / "results" / "reports.md"
PAUSE = 1.0  # seconds between two studies
THREADS = 2  # of the worker, as KIDRAY_WORKER_THREADS
CASES: dict[str, Fault | None] = {
    "up: the embedded model": None,
    "slow: answers after 30 s": Fault.SLOW,
    "wrong: ungrounded replies": Fault.WRONG,
    "dead: refuses connections": Fault.REFUSED,
    "dead: accepts, never answers": Fault.HANGING,
}


class Times(NamedTuple):
    """Seconds from one study's vision result to its drafts, and why the template stands."""

    template: float
    final: float
    reason: str | None


@contextmanager
def served(fault: Fault | None) -> Iterator[str]:
    """Run the LLM's server, with `fault` or embedded, and yield its base URL."""
    with serving() if fault is None else serving_badly(fault) as url:
        yield url


def segmented(ledger: Ledger) -> str:
    """Put a study with a vision result into the archive, and return its UID."""
    study, series = generate_uid(), generate_uid()
    dataset = header()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ledger.archive.write_dataset(dataset)
    uid = str(dataset.SOPInstanceUID)
    image = radiograph(uid=uid).model_copy(
        update={
            "series_uid": series,
            "seg_instance_uid": None,
            "seg_series_uid": None,
            "sr_instance_uid": None,
        }
    )
    made = findings(finding("pneumoperitoneum", region="upper_abdomen", on=uid), on=uid)
    seen = Segmentation(model=MODEL, radiographs=[image], findings=made)
    at = now()
    ledger.append(study, lambda _: Received(at=at, revision=1, calling_ae_title="X", summary=StudySummary()))
    ledger.append(study, lambda _: Queued(at=at, revision=1, instances=1))
    ledger.append(study, lambda _: Segmented(at=at, revision=1, segmentation=seen))
    return study


@contextmanager
def working(redis_url: str, ledger: Ledger, queue: JobQueue, url: str, timeout: float) -> Iterator[None]:
    """Run a worker that drafts and words, as `roles.worker` puts it together."""
    llm = Llm(url, "any", timeout=timeout)
    llm.warm_up()
    gate = Gate(llm, llm_circuit(connect(redis_url)))
    draft = partial(draft_study, ledger=ledger, worded=True, language=Language.ENGLISH, clock=now)
    word = partial(word_study, ledger=ledger, llm=llm, gate=gate, tell=teller(connect(redis_url)), clock=now)
    broker = build_broker(redis_url)
    register(broker, {Job.DRAFT: draft, Job.WORD: word, Job.DELIVER: lambda _: None}, ledger, queue)
    workers = [
        start_worker(broker, threads=THREADS, queues=queues)
        for queues in (("urgent", "draft", "deliver"), ("word",))
    ]
    try:
        yield
    finally:
        stop_workers(workers)
        broker.client.close()


def measured(fault: Fault | None, count: int, timeout: float) -> list[Times]:
    """Return the times of `count` studies that come one by one."""
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder) / "redis") as redis_url:
        ledger = Ledger(Archive(Path(folder) / "archive"), Registry(connect(redis_url)))
        queue = JobQueue(build_broker(redis_url))
        began: dict[str, float] = {}
        with served(fault) as url, working(redis_url, ledger, queue, url, timeout):
            for _ in range(count):
                study = segmented(ledger)
                began[study] = time.time()
                queue.ask_owed(ledger.held(study))
                time.sleep(PAUSE)
            if not wait_for(lambda: all(finals(ledger, study) for study in began), 600, every=0.2):
                raise SystemExit("not every study reached its final draft within ten minutes")
        return [times(ledger, study, at) for study, at in began.items()]


def finals(ledger: Ledger, study: str) -> list[Drafted]:
    """Return the study's final drafts."""
    return [e for e in ledger.archive.events(study) if isinstance(e, Drafted) and e.final]


def times(ledger: Ledger, study: str, began: float) -> Times:
    """Return when the study's drafts were stored, by the times of their files."""
    files = sorted((ledger.archive.root / study / "events").glob("*-drafted.json"))
    stored = [file.stat().st_mtime - began for file in files]
    return Times(stored[0], stored[-1], finals(ledger, study)[-1].report.wording.fallback_reason)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows: dict[str, list[Times]]) -> list[str]:
    """Return the results as Markdown."""
    lines = [
        "| the LLM | n | template p50 | p95 | final p50 | p95 | worded | the last reason why not |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, found in rows.items():
        seconds = [
            f"{percentile([getattr(t, which) for t in found], share):.2f}"
            for which in ("template", "final")
            for share in (0.5, 0.95)
        ]
        worded = sum(t.reason is None for t in found)
        reason = next((t.reason for t in reversed(found) if t.reason), "")
        lines.append(f"| {name} | {len(found)} | {' | '.join(seconds)} | {worded} | {reason} |")
    return lines


def main() -> int:
    """Measure, write the page; fails where a template's draft took a second or a wording three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20, help="for each fault")
    parser.add_argument("--timeout", type=float, default=20.0, help="KIDRAY_LLM_TIMEOUT")
    parser.add_argument("--beside", default="nothing that is known", help="what else ran, in words")
    wish = parser.parse_args()
    day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    began = f"Measured {day} on {machine.in_words()}. Beside it ran: {wish.beside}."
    rows = {}
    for name, fault in CASES.items():
        rows[name] = measured(fault, wish.studies, wish.timeout)
        print("\n".join(table({name: rows[name]})[2:]), flush=True)
    said = (
        "Seconds from the vision result to the template's draft, stored, and to the final draft; one study a "
        f"second, a worker of {THREADS} threads, `KIDRAY_LLM_TIMEOUT` {wish.timeout:g}. A server that does "
        "not answer is left alone after three failures, so only the first wordings wait for it."
    )
    lines = ["## Drafts under a bad LLM", "", "`python -m benchmarks drafts`.", "", said, "", began, ""]
    replace_section(RESULTS, "drafts", [*lines, *table(rows)])
    slow = any(percentile([t.template for t in found], 0.95) > 1.0 for found in rows.values())
    return int(slow or percentile([t.final for t in rows["up: the embedded model"]], 0.95) > 3.0)


if __name__ == "__main__":
    sys.exit(main())
