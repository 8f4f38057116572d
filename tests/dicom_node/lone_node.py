"""A receiver in a process of its own, to be killed. Arguments: the archive's folder, Redis' URL."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from dicom_node.receive import Receiver
from study.archive import Archive
from study.intake import Intake
from study.jobs import JobQueue, build_broker
from study.ledger import Ledger
from study.registry import Registry, connect

if __name__ == "__main__":
    folder, redis_url = sys.argv[1:]
    ledger = Ledger(Archive(Path(folder)), Registry(connect(redis_url)))
    intake = Intake(ledger, JobQueue(build_broker(redis_url)), quiet_period=60)
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    node.start()
    print(node.port, flush=True)
    signal.pause()
