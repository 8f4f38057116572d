from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import threading, warnings
from pathlib import Path
import structlog
from pydicom import Dataset
from pydicom.charset import convert_encodings
from study.telemetry import configure_logs
configure_logs("work")
log = structlog.get_logger()
thread = threading.Thread(target=lambda: log.info("segmented", study_uid="1.2", path=Path("x")))
thread.start(); thread.join()
dataset = Dataset()
dataset.PatientBirthDate = "DOE^JANE"  # warned of with its value, where warnings are heard
warnings.warn("DOE^JANE")
convert_encodings("DOE^JANE")  # a character set that is none
"""


def test_a_log_line_names_its_role_from_any_thread_and_no_warning_quotes_a_header():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(e["role"], e["event"], e["study_uid"], e["path"]) for e in lines] == [
        ("work", "segmented", "1.2", "x")
    ]
    assert "DOE" not in done.stderr + done.stdout
