"""The wheel is the whole service: it runs where there is neither the tree nor Node.js."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import httpx
import pydicom
import pytest

ROOT = Path(__file__).parents[1]
SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"


def build(kind: str, out: Path) -> Path:
    """Return the package of `kind` (wheel or sdist) built from the tree."""
    done = subprocess.run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = out.iterdir()
    return package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


class Installed:
    """A virtual environment with the wheel, and nothing else of ours."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.bin = folder / "bin"
        site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
                *("--prefix", str(folder), "--ignore-installed", "--no-warn-script-location", str(wheel)),
            ],
            check=True,
        )
        # The dependencies are those of the test's own environment. Lines of its .pth files (an editable
        # install among them) are not followed: only this folder's are.
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        script = self.bin / "kidray"
        lines = script.read_text().splitlines(keepends=True)
        script.write_text(f"#!{self.bin / 'python'}\n" + "".join(lines[1:]))

    def run(self, *command: str, cwd: Path) -> str:
        """Return what a command printed; it must succeed, and finds no Node.js."""
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env={"PATH": str(self.bin), "HOME": str(cwd), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("clean") / "venv", wheel)


@pytest.mark.parametrize(
    "carried",
    [
        "cli.py",
        "roles/worker.py",
        "web_viewer/static/index.html",
        "inference/weights/",
        "reporting/weights/",
        "reporting/prompts/",
        "reporting/phrases/",
        "training/configs/",
        "study/settings.py",
        "dicom_node/receive.py",
    ],
)
def test_the_wheel_carries(carried: str, names: list[str]) -> None:
    assert any(name == carried or (carried.endswith("/") and name.startswith(carried)) for name in names)


@pytest.mark.parametrize("suffix", [".onnx", ".gguf", ".js", ".css", ".toml", ".md"])
def test_the_wheel_carries_files_of_every_kind_that_is_read_at_run_time(
    suffix: str, names: list[str]
) -> None:
    assert any(name.endswith(suffix) for name in names)


def test_the_wheel_leaves_out_what_only_a_developer_needs(names: list[str]) -> None:
    unwanted = ("node_modules", "web_viewer/frontend", "__pycache__", "tests/", "benchmarks/", "runs/")
    assert not [name for name in names if any(part in name for part in unwanted)]


def test_the_wheel_stays_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 25 * 2**20


def test_the_source_package_can_build_the_same_wheel(tmp_path: Path, names: list[str]) -> None:
    source = build("sdist", tmp_path / "source")
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert not [name for name in inside if "node_modules" in name]
    # What the build makes of itself (its metadata) aside, every file of the wheel is in the source.
    assert [name for name in names if ".dist-info/" not in name and name not in inside] == []


def test_everything_is_imported_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    rooms = ["cli", "study", "dicom_node", "inference", "reporting", "web_viewer", "training"]
    printed = installed.run(
        "python",
        "-c",
        f"import {', '.join(rooms)}\nfor m in ({', '.join(rooms)}): print(m.__file__)",
        cwd=tmp_path,
    )
    assert len(printed.split()) == len(rooms)
    assert all(Path(line).is_relative_to(installed.bin.parent) for line in printed.split())


def test_the_wheel_segments_a_phantom_without_node_or_tree(installed: Installed, tmp_path: Path) -> None:
    assert "phantom" in installed.run("kidray", "--help", cwd=tmp_path)

    phantoms = tmp_path / "phantoms"
    wanted = ["--kind", "pneumoperitoneum", "--severity", "1", "--count", "1", "--seed", "3"]
    installed.run("kidray", "phantom", "--out", str(phantoms), *wanted, cwd=tmp_path)
    radiographs = [
        path
        for path in phantoms.rglob("*.dcm")
        if pydicom.dcmread(path, stop_before_pixels=True).Modality == "DX"
    ]
    assert len(radiographs) == 1

    results = tmp_path / "results"
    installed.run("kidray", "segment", str(radiographs[0]), "--out", str(results), cwd=tmp_path)
    made = [pydicom.dcmread(path) for path in results.rglob("*.dcm")]
    assert SEGMENTATION_STORAGE in {dataset.SOPClassUID for dataset in made}
    assert any(dataset.Modality == "SR" for dataset in made)
    assert list(results.rglob("*.png"))


def test_the_wheel_serves_the_viewer(installed: Installed, tmp_path: Path) -> None:
    command = ["kidray", "up", "--home", str(tmp_path / "home"), "--dicom-port", "0", "--web-port", "0"]
    with subprocess.Popen(
        [str(installed.bin / command[0]), *command[1:]],
        cwd=tmp_path,
        env={"PATH": str(installed.bin), "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        try:
            assert service.stdout is not None
            ready = next((line for line in service.stdout if line.startswith("ready")), "")
            address = re.search(r"http://\S+/", ready)
            assert address is not None, (tmp_path / "home" / "logs" / "web.log").read_text()
            page = httpx.get(address[0])
            assert page.status_code == 200
            assert '<div id="root">' in page.text
            script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
            assert script is not None
            assert httpx.get(address[0].rstrip("/") + script[1]).status_code == 200
        finally:
            service.terminate()
            service.communicate(timeout=60)
    assert service.returncode == 0


def test_a_wheel_is_never_built_without_the_viewer(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "cli.py"):
        if (ROOT / name).exists():
            (tree / name).write_bytes((ROOT / name).read_bytes())
    (tree / "web_viewer" / "frontend").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(tree)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(tmp_path)},
    )
    assert done.returncode != 0
    assert "npm" in done.stdout + done.stderr
    assert not list(tree.rglob("*.whl"))
