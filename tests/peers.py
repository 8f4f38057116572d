"""Real DICOM peers for the tests: DCMTK's senders, Orthanc, and an SCU that can send anything."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from dicom_node.associate import _Requestor
from dicom_node.toolkit import keep_answers, turn_nagle_off

ORTHANC = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """Return a TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether somebody takes connections on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Any, *, seconds: float = 20.0, what: str = "the condition") -> Any:
    """Return what `condition()` returns once it is true; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            pytest.fail(f"{what} did not come true within {seconds:.0f} s")
        time.sleep(0.02)
    return found


def dcmtk(tool: str, *arguments: object, ok: bool = True) -> str:
    """Run one of DCMTK's programs and return what it printed; fail when it fails and `ok` is True."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    printed = done.stdout + done.stderr
    if ok and done.returncode:
        pytest.fail(f"{tool} ended with {done.returncode}:\n{printed}")
    return printed


def storescu(
    port: int, files: Iterable[Path], *options: str, calling: str = "STORESCU", ok: bool = True
) -> str:
    """Send files with DCMTK's storescu and return what it printed."""
    return dcmtk(
        "storescu", "-v", "-aet", calling, "-aec", "KIDRAY", *options, "127.0.0.1", port, *files, ok=ok
    )


def acknowledged_in(printed: str) -> set[str]:
    """Return the SOP Instance UIDs whose storing DCMTK's log shows as a success."""
    uids, current = set(), ""
    for line in printed.splitlines():
        if match := re.search(r"Sending file: .*/([0-9.]+)\.dcm", line):
            current = match[1]
        elif "Received Store Response (Success)" in line:
            uids.add(current)
    return uids


def dcmsend(
    port: int, files: Iterable[Path], *options: str, calling: str = "DCMSEND", ok: bool = True
) -> str:
    """Send files with DCMTK's dcmsend and return what it printed."""
    return dcmtk(
        "dcmsend", "-v", "-aet", calling, "-aec", "KIDRAY", *options, "127.0.0.1", port, *files, ok=ok
    )


def associate(
    port: int,
    sop_class: str,
    syntax: str = ExplicitVRLittleEndian,
    calling: str = "RAW",
    *,
    nagle: bool = False,
) -> Association:
    """Return an association with one presentation context; Nagle's algorithm off unless asked for."""
    ae = _Requestor(ae_title=calling)  # closes its sockets, whoever hangs up first
    ae.add_requested_context(sop_class, syntax)
    association = ae.associate(
        "127.0.0.1",
        port,
        ae_title="KIDRAY",
        evt_handlers=[] if nagle else [(evt.EVT_CONN_OPEN, turn_nagle_off)],
    )
    assert association.is_established
    keep_answers(association)
    return association


def store_request(encoded: bytes, sop_class: str, instance_uid: str) -> C_STORE:
    """Return a C-STORE request that carries any bytes as its data set."""
    request = C_STORE()
    request.MessageID = 1
    request.Priority = 2
    request.AffectedSOPClassUID = sop_class
    request.AffectedSOPInstanceUID = instance_uid
    request.DataSet = BytesIO(encoded)
    return request


def store_raw(
    port: int,
    encoded: bytes,
    sop_class: str,
    instance_uid: str,
    *,
    syntax: str = ExplicitVRLittleEndian,
    calling: str = "RAW",
) -> Dataset:
    """Send any bytes as the data set of a C-STORE and return the answer's status and comment."""
    association = associate(port, sop_class, syntax, calling)
    try:
        return exchange(association, store_request(encoded, sop_class, instance_uid))
    finally:
        association.release()


def exchange(association: Association, request: C_STORE) -> Dataset:
    """Send one request and return the answer's status and comment."""
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.0005)
    association.dimse.send_msg(request, 1)
    _, response = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    assert response is not None, "the node did not answer"
    answer = Dataset()
    answer.Status = response.Status
    answer.ErrorComment = response.ErrorComment or ""
    return answer


class Orthanc:
    """An Orthanc of its own, in a temporary folder, on free ports.

    Parameters
    ----------
    folder
        Where it keeps everything.
    modalities
        The DICOM nodes it knows: name -> (AE title, host, port), or as Orthanc's configuration has it.
    forward_to
        Name of the modality that every received instance is sent on to (by a Lua script).
    forward_by
        A Lua script in the place of that.
    """

    ae_title = "ORTHANC"

    def __init__(
        self,
        folder: Path,
        *,
        modalities: Mapping[str, tuple[str, str, int] | dict[str, object]] | None = None,
        forward_to: str | None = None,
        forward_by: str | None = None,
        dicom_port: int | None = None,
    ) -> None:
        if ORTHANC is None:
            pytest.skip("Orthanc is not installed")
        self.folder = folder
        self.port = dicom_port or free_port()
        self.http_port = free_port()
        self._modalities = dict(modalities or {})
        self._script = FORWARD_LUA.format(modality=forward_to) if forward_to else forward_by
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.http_port}", timeout=30)

    @property
    def destination(self) -> str:
        """Orthanc as ``AE@HOST:PORT``."""
        return f"{self.ae_title}@127.0.0.1:{self.port}"

    def start(self) -> Orthanc:
        """Start it, and return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "orthanc.json"
        configuration.write_text(json.dumps(self._configuration()))
        log = (self.folder / "orthanc.log").open("ab")
        self._process = subprocess.Popen([str(ORTHANC), str(configuration)], stdout=log, stderr=log)
        log.close()
        wait_for(self._answers, what="Orthanc")
        return self

    def stop(self) -> None:
        """Stop it, and return when it is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None
        self._client.close()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.http_port}", timeout=30)

    def __enter__(self) -> Orthanc:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.close()

    def rest(self, method: str, path: str, **request: Any) -> Any:
        """Return the JSON that Orthanc's REST API answers with."""
        answer = self._client.request(method, path, **request)
        answer.raise_for_status()
        return answer.json()

    def instances(self) -> list[str]:
        """Return Orthanc's own identifiers of all instances it holds."""
        return list(self.rest("GET", "/instances"))

    def instance(self, sop_instance_uid: str) -> bytes | None:
        """Return the Part 10 file of an instance, or None where Orthanc does not hold it."""
        found = self.rest("POST", "/tools/lookup", content=sop_instance_uid)
        return self._client.get(f"/instances/{found[0]['ID']}/file").content if found else None

    def take(self, file: Path) -> str:
        """Put a file into Orthanc by its REST API; returns Orthanc's identifier of it."""
        return str(self.rest("POST", "/instances", content=file.read_bytes())["ID"])

    def send_on(self, identifier: str, modality: str) -> None:
        """Have Orthanc send what it holds to a modality by C-STORE."""
        self.rest(
            "POST", f"/modalities/{modality}/store", json={"Resources": [identifier], "Synchronous": True}
        )

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail("Orthanc ended:\n" + (self.folder / "orthanc.log").read_text()[-2000:])
        try:
            self.rest("GET", "/system")
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except (httpx.HTTPError, OSError):
            return False

    def _configuration(self) -> dict[str, Any]:
        configuration: dict[str, Any] = {
            "Name": "Orthanc",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "Plugins": [],
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": self.ae_title,
            "DicomPort": self.port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowStore": True,
            "DicomModalities": self._modalities,
        }
        if self._script is not None:
            script = self.folder / "forward.lua"
            script.write_text(self._script)
            configuration["LuaScripts"] = [str(script)]
        return configuration


FORWARD_LUA = """\
function OnStoredInstance(instance, tags, metadata, origin)
  if origin['RequestOrigin'] ~= 'Lua' then
    SendToModality(instance, '{modality}')
  end
end
"""
