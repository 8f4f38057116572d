"""Keep audit records: appended to a file that is never written over, and sent to a syslog beside it."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter

from web_viewer.audit.syslog import Syslog

log = structlog.get_logger()

FAILURES = Counter("kidray_audit_failures_total", "Audit records that could not be kept", ["where"])
RECORDS = Counter("kidray_audit_records_total", "Audit records kept")

NAME = "audit.jsonl"
LARGEST = 32 * 2**20  # bytes; then a file is closed for good, under a name with the time


class Trail:
    """The audit trail of one service; safe for many threads, and for many processes on one folder.

    Parameters
    ----------
    folder
        Made with the first record; its files are readable for the service's user alone.
    syslog
        Where records go besides.
    largest
        Bytes of a file.
    """

    def __init__(self, folder: Path, *, syslog: Syslog | None = None, largest: int = LARGEST) -> None:
        self._folder = folder
        self._syslog = syslog
        self._largest = largest
        self._lock = threading.Lock()
        self.trouble: str | None = None  # why the last record was not kept

    def keep(self, record: Mapping[str, Any], *, durable: bool = False) -> bool:
        """Append a record; returns whether it was kept.

        It never raises: what was done is done, and a patient's care does not wait for the trail. A
        failure is an error in the log, a metric to alert on, and a red line on the admin page.

        Parameters
        ----------
        durable
            Whether it is on stable storage when this returns.
        """
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        try:
            with self._lock, self._alone():
                self._append(line.encode() + b"\n", durable)
        except OSError as error:
            self.trouble = f"{type(error).__name__}: {error.strerror}"
            FAILURES.labels(where="file").inc()
            log.error("audit_record_lost", reason=self.trouble, record=dict(record))
            kept = False
        else:
            self.trouble = None
            RECORDS.inc()
            kept = True
        if self._syslog is not None and not self._syslog.send(line):
            FAILURES.labels(where="syslog").inc()
        return kept

    def tail(self, count: int) -> list[dict[str, Any]]:
        """Return the newest records, newest first."""
        found: list[dict[str, Any]] = []
        for path in self._newest_first():
            for line in reversed(path.read_bytes().splitlines()):
                if len(found) == count:
                    return found
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue  # cut off by a machine that stopped
        return found

    def close(self) -> None:
        """Send what is under way."""
        if self._syslog is not None:
            self._syslog.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _append(self, line: bytes, durable: bool) -> None:
        path = self._folder / NAME
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # a machine stopped in the midst of the one before
            if os.write(descriptor, line) != len(line):
                raise OSError(28, "No space left on device")
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if size + len(line) > self._largest:
            stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
            path.rename(path.with_name(f"audit-{stamp}.jsonl"))

    def _newest_first(self) -> list[Path]:
        closed = sorted(self._folder.glob("audit-*.jsonl"), reverse=True)
        current = self._folder / NAME
        return [current, *closed] if current.exists() else closed
