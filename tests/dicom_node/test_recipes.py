"""The recipes of docs/dicom.md, run as they stand there; only addresses, UIDs and folders are filled in."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset

from dicom_node.commitment_service import CommitmentService
from dicom_node.query import QueryService
from dicom_node.receive import Receiver
from dicom_node.retrieve import RetrieveService
from study.archive import Archive
from study.fence import Fence
from study.holdings import Holdings
from study.intake import Intake
from study.settings import Destination
from tests.dicom_node.conftest import make_radiograph, saved
from tests.peers import Orthanc, free_port, wait_for

pytestmark = pytest.mark.peer
PAGE = (Path(__file__).parents[2] / "docs" / "dicom.md").read_text()
RECIPES = PAGE[PAGE.index("## Recipes") :]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", RECIPES, re.S | re.M)  # language and content
COMMANDS = [line for language, content in BLOCKS if not language for line in content.splitlines()]
VENV = str(Path(sys.executable).parent)  # last on the path: pynetdicom has a getscu of its own there
NOT_ON_DEBIAN = "/dcm4chee-arc/"
ECHOED, SENT = ("kidray echo", "echoscu"), ("kidray send", "storescu", "dcmsend")
KIDRAY_PORT, ORTHANC_PORT, WORKSTATION_PORT = free_port(), free_port(), free_port()


def block_of(language: str) -> str:
    """Return the page's one block in that language."""
    (content,) = (content for named, content in BLOCKS if named == language)
    return content


def recipe(beginning: str) -> str:
    """Return the one command of the page that begins so."""
    (command,) = (line for line in COMMANDS if line.startswith(beginning))
    return command


def run(command: str, folder: Path, *, orthanc: Orthanc | None = None, **words: str) -> str:
    """Run a command of the page in `folder`, each of `words` replaced where it stands alone."""
    filled = command.replace("11112", str(KIDRAY_PORT))
    if orthanc is not None:
        filled = filled.replace(":8042", f":{orthanc.http_port}")
    for word, value in words.items():
        for each in value.split():
            filled = re.sub(rf"\b{word}\b", each, filled, count=1)
    path = os.pathsep.join([*(f for f in os.environ["PATH"].split(os.pathsep) if f != VENV), VENV])
    if shutil.which(filled.split()[0], path=path) is None:
        pytest.skip(f"{filled.split()[0]} is not installed")
    done = subprocess.run(
        ["bash", "-c", filled],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, f"{filled}\n{done.stdout}{done.stderr}"
    return done.stdout if done.stdout.startswith(("{", "[")) else done.stdout + done.stderr


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as opened:
        yield opened


@pytest.fixture
def node(intake: Intake, archive: Archive, fence: Fence) -> Iterator[Receiver]:
    """A node as the recipes take it for granted: it knows ORTHANC and WORKSTATION."""
    holdings = Holdings(archive)
    known = [
        Destination("ORTHANC", "127.0.0.1", ORTHANC_PORT),
        Destination("WORKSTATION", "127.0.0.1", WORKSTATION_PORT),
    ]
    services = [
        QueryService(holdings, ae_title="KIDRAY").service(),
        RetrieveService(holdings, archive, known, ae_title="KIDRAY", fence=fence).service(),
        CommitmentService(archive, known, ae_title="KIDRAY", pauses=(0, 0.1)).service(),
    ]
    running = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=KIDRAY_PORT, services=services)
    running.start()
    yield running
    running.stop(grace=5)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc that knows Kidray as the page says."""
    block = block_of("json")
    configured = json.loads("{" + block.replace("11112", str(KIDRAY_PORT)) + "}")
    folder = tmp_path_factory.mktemp("orthanc")
    modalities = configured["DicomModalities"]
    with Orthanc(folder, modalities=modalities, dicom_port=ORTHANC_PORT) as running:
        yield running


@pytest.fixture
def held(archive: Archive) -> Dataset:
    """A radiograph that Kidray holds."""
    dataset = make_radiograph(PatientID="A1", AccessionNumber="ACC1")
    archive.write_dataset(dataset)
    return dataset


def names(folder: Path) -> set[str]:
    return {str(pydicom.dcmread(file).SOPInstanceUID) for file in folder.iterdir() if file.is_file()}


@pytest.mark.parametrize("beginning", ECHOED)
def test_is_it_there(node, tmp_path, beginning) -> None:
    said = run(recipe(beginning), tmp_path)
    assert "answers in" in said or "Success" in said


@pytest.mark.parametrize("beginning", SENT)
def test_send_files(node, archive, tmp_path, beginning) -> None:
    dataset = make_radiograph()
    folder = saved(dataset, tmp_path / "files").parent
    run(recipe(beginning), folder, FOLDER=str(folder))
    assert [ref.instance_uid for ref in archive.instances(dataset.StudyInstanceUID)] == [
        dataset.SOPInstanceUID
    ]


def test_find(node, held, tmp_path) -> None:
    assert held.StudyInstanceUID in run(recipe("findscu") + " -v", tmp_path)


def test_fetch_by_move(node, held, tmp_path) -> None:
    folder = tmp_path / "workstation"
    folder.mkdir()
    program = shutil.which("storescp")
    if program is None:
        pytest.skip("storescp is not installed")
    silent = subprocess.DEVNULL
    with subprocess.Popen(
        [program, "-od", str(folder), str(WORKSTATION_PORT)], stdout=silent, stderr=silent
    ) as workstation:
        try:
            wait_for(_workstation_listens, what="storescp")
            run(recipe("movescu"), tmp_path, UID=held.StudyInstanceUID)
        finally:
            workstation.terminate()
    assert names(folder) == {held.SOPInstanceUID}


def _workstation_listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", WORKSTATION_PORT)) == 0


def test_fetch_by_get(node, held, tmp_path) -> None:
    (tmp_path / "got").mkdir()
    run(recipe("getscu"), tmp_path, UID=held.StudyInstanceUID, FOLDER=str(tmp_path / "got"))
    assert names(tmp_path / "got") == {held.SOPInstanceUID}


def test_orthanc_finds_and_fetches(node, held, orthanc, tmp_path) -> None:
    found = json.loads(
        run(recipe("curl http://127.0.0.1:8042/modalities/kidray/query"), tmp_path, orthanc=orthanc)
    )
    run(recipe("curl http://127.0.0.1:8042/queries"), tmp_path, orthanc=orthanc, ID=found["ID"])
    wait_for(lambda: orthanc.instance(held.SOPInstanceUID), what="the instance at Orthanc")


def test_orthanc_asks_for_storage_commitment(node, held, orthanc, tmp_path) -> None:
    command = recipe("curl http://127.0.0.1:8042/modalities/kidray/storage-commitment")
    asked = json.loads(
        run(command, tmp_path, orthanc=orthanc, UID=f"{held.SOPClassUID} {held.SOPInstanceUID}")
    )
    report = wait_for(
        lambda: (found := orthanc.rest("GET", asked["Path"]))["Status"] != "Pending" and found,
        what="the report",
    )
    assert report["Status"] == "Success"
    assert [named["SOPInstanceUID"] for named in report["Success"]] == [held.SOPInstanceUID]


def test_orthanc_sends_one_study(node, archive, orthanc, tmp_path) -> None:
    dataset = make_radiograph()
    orthanc.take(saved(dataset, tmp_path / "files"))
    (study,) = orthanc.rest("POST", "/tools/lookup", content=str(dataset.StudyInstanceUID))
    run(
        recipe("curl http://127.0.0.1:8042/modalities/kidray/store "),
        tmp_path,
        orthanc=orthanc,
        STUDY_ID=study["ID"],
    )
    assert archive.instances(dataset.StudyInstanceUID)


@pytest.mark.parametrize("only", [False, True], ids=["everything", "radiographs only"])
def test_orthanc_forwards_what_it_receives(node, archive, tmp_path, only) -> None:
    lua = block_of("lua")
    if only:
        (more,) = re.findall(r"To forward radiographs only, add `(.*?)`", RECIPES)
        lua = lua.replace("~= 'Lua' then", f"~= 'Lua' {more} then")
    radiograph, other = make_radiograph(), make_radiograph(Modality="CT")
    known = {"kidray": ("KIDRAY", "127.0.0.1", KIDRAY_PORT)}
    with Orthanc(tmp_path / "orthanc", modalities=known, forward_by=lua) as forwarding:
        for dataset in (other, radiograph):
            forwarding.take(saved(dataset, tmp_path / "files"))
        wait_for(lambda: archive.instances(radiograph.StudyInstanceUID), what="the radiograph")
        if not only:
            wait_for(lambda: archive.instances(other.StudyInstanceUID), what="the other instance")
    assert bool(archive.instances(other.StudyInstanceUID)) is not only


def test_every_recipe_on_the_page_is_run_here() -> None:
    run_here = [*re.findall(r'recipe\(\s*"(.*?)"', Path(__file__).read_text()), *ECHOED, *SENT]
    assert [
        line
        for line in COMMANDS
        if NOT_ON_DEBIAN not in line and not any(line.startswith(beginning) for beginning in run_here)
    ] == []
