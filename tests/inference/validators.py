"""Other people's programs that judge DICOM objects."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from pydicom import Dataset


def dciodvfy(dataset: Dataset, folder: Path) -> list[str]:
    """Return the errors that dicom3tools finds."""
    path = saved(dataset, folder)
    ran = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    return [line for line in ran.stderr.splitlines() if line.startswith("Error")]


def dsrdump(dataset: Dataset, folder: Path) -> str:
    """Return DCMTK's rendering of a structured report; fails where it cannot be rendered."""
    ran = subprocess.run(
        ["dsrdump", "+U8", str(saved(dataset, folder))], capture_output=True, text=True, check=True
    )
    assert "E:" not in ran.stderr
    return ran.stdout


def segimage2itkimage(dataset: Dataset, folder: Path) -> list[Path]:
    """Return the NRRD file of each segment as dcmqi reads it; ``meta.json`` lies beside them."""
    out = folder / "itk"
    out.mkdir()
    _dcmqi(
        "segimage2itkimage", "--inputDICOM", saved(dataset, folder), "--outputDirectory", out, "-t", "nrrd"
    )
    return sorted(out.glob("*.nrrd"))


def tid1500reader(dataset: Dataset, folder: Path) -> dict:
    """Return a measurement report as dcmqi reads it."""
    out = folder / "tid1500.json"
    _dcmqi("tid1500reader", "--inputDICOM", saved(dataset, folder), "--outputMetadata", out)
    return json.loads(out.read_text())


def saved(dataset: Dataset, folder: Path) -> Path:
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def _dcmqi(program: str, *arguments: object) -> None:
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.exists() else shutil.which(program)
    assert found, f"{program} is not installed: pip install dcmqi"
    subprocess.run([found, *map(str, arguments)], capture_output=True, check=True)
