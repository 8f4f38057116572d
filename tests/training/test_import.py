"""Sets in three forms, a CSV, two folders, DICOM with SEG, become a data set that trains."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from study.findings import FindingLabel
from study.model import View
from training.commands import app
from training.dataset import prepared_manifest
from training.given_import import Asked, import_given
from training.grouping import leakage
from training.importing import Imported
from training.layout import LayoutError, Unmasked
from training.manifest import Row, read_manifest, read_row
from training.phantom_set import write_phantoms
from training.split import Split

pytestmark = pytest.mark.timeout(900)  # of a machine that others use too

SHAPE = (64, 56)
NORMAL_TOO = Asked(unmasked=Unmasked.NORMAL)


def radiograph(seed: int, dtype: type = np.uint8) -> NDArray[np.uint8 | np.uint16]:
    """Return something that no other seed gives."""
    noise = np.random.default_rng(seed).random((8, 8)).astype(np.float32)
    smooth = cv2.resize(noise, SHAPE[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
    return (smooth * np.iinfo(dtype).max).astype(dtype)


def square(value: int, at: int = 10) -> NDArray[np.uint8]:
    mask = np.zeros(SHAPE, np.uint8)
    mask[at : at + 20, at : at + 16] = value
    return mask


def put(path: Path, pixels: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def table(path: Path, *lines: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, names, restval="")
        writer.writeheader()
        writer.writerows(lines)
    return path


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def read(source: Path, out: Path | None = None, asked: Asked = NORMAL_TOO) -> tuple[dict[str, Row], Imported]:
    found = import_given(source, out, asked, threads=1)
    return {row.id: row for row in found.rows}, found


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Twenty patients in sub-folders, two images each, of every form that an image and a mask may have."""
    root = tmp_path / "given"
    for patient in range(20):
        for image, ending in enumerate((".png", ".tiff")):
            name = f"P{patient}/view-{image}"
            put(root / "Images" / f"{name}{ending}", radiograph(10 * patient + image, np.uint16))
            if patient % 4 == 0:
                put(root / "masks" / f"{name}.png", square(2))
            elif patient % 4 == 1:
                put(root / "masks" / f"{name}_constipation.png", square(255))
                put(root / "masks" / f"{name}_air_fluid_levels.jpg", square(255, 36))
            elif patient % 4 == 2:
                put(root / "masks" / "pyloric_stenosis" / f"{name}.png", square(1))
    return root


def test_images_beside_masks_become_a_set_that_trains(folders: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    ran = command(folders, "--out", out, "--unmasked", "normal", "--threads", 1)
    assert ran.exit_code == 0, ran.output
    rows = read_manifest(out / "manifest.csv")
    assert len(rows) == 40
    assert len({row.case for row in rows}) == 20
    assert leakage(rows).cases == 0
    by_id = {row.id: row for row in rows}
    assert by_id["p0-view-0"].findings == (FindingLabel.PNEUMOPERITONEUM,)
    both = by_id["p1-view-1"]
    assert both.findings == (FindingLabel.AIR_FLUID_LEVELS, FindingLabel.CONSTIPATION)
    image, masks = read_row(out, both)
    assert (image == radiograph(11, np.uint16)).all()
    assert (masks[3] == (square(1) > 0)).all()
    assert masks[2].sum() == pytest.approx(20 * 16, rel=0.05)  # a JPEG keeps a shape, if not its numbers
    assert by_id["p2-view-0"].findings == (FindingLabel.PYLORIC_STENOSIS,)
    assert by_id["p3-view-0"].findings == ()
    report = (out / "report.md").read_text()
    for said in ("40 radiographs of 20 cases", "Cases in more than one split: **0**", "contact-sheet.png"):
        assert said in report
    assert "Boxes" not in report
    assert (out / "contact-sheet.png").stat().st_size > 1000
    held = prepared_manifest(out / "manifest.csv", Split.TRAIN, 32, cache=tmp_path / "cache")
    assert len(held) == sum(row.split is Split.TRAIN for row in rows)


def test_the_split_of_a_patient_is_the_same_in_every_import(folders: Path) -> None:
    before, _ = read(folders)
    put(folders / "images" / "P99" / "view-0.png", radiograph(990))
    (folders / "Images" / "P99").mkdir()
    put(folders / "Images" / "P99" / "view-0.png", radiograph(990))
    after, _ = read(folders)
    assert {name: after[name].split for name in before} == {n: row.split for n, row in before.items()}


def test_what_nothing_is_known_of_is_left_out_unless_asked_for(folders: Path) -> None:
    rows, found = read(folders, asked=Asked())
    assert len(rows) == 30
    assert {p.cause for p in found.problems} == {"it has no mask and nothing says what it shows"}
    assert all("--unmasked normal" in p.next_step for p in found.problems)


def test_a_pattern_names_the_patient_in_flat_folders(tmp_path: Path) -> None:
    for number in range(6):
        put(tmp_path / "images" / f"kid{number // 2}_{number}.png", radiograph(number))
    (tmp_path / "masks").mkdir()
    out = tmp_path / "set"
    ran = command(tmp_path, "--out", out, "--unmasked", "normal", "--patient", r"^(kid\d+)_")
    assert ran.exit_code == 0, ran.output
    assert [row.case for row in read_manifest(out / "manifest.csv")] == [1, 1, 2, 2, 3, 3]
    ran = command(tmp_path, "--out", out, "--patient", "kid")
    assert ran.exit_code == 1
    assert "needs a group" in ran.output


def test_a_table_says_all_that_is_known(tmp_path: Path) -> None:
    for number in range(6):
        put(tmp_path / f"{number}.png", radiograph(number))
    put(tmp_path / "m0.png", square(1))
    put(tmp_path / "free.png", square(255))
    put(tmp_path / "m3.png", square(2))
    given = table(
        tmp_path / "set.csv",
        {"image": "0.png", "mask": "m0.png", "patient": "A", "view": "left lateral decubitus",
         "age_months": "7", "row_spacing_mm": "0.15", "column_spacing_mm": "0.14", "split": "test"},
        {"image": "1.png", "mask_pneumoperitoneum": "free.png", "patient": "A"},
        {"image": "2.png", "findings": "normal"},
        {"image": "3.png", "mask": "m3.png", "findings": "pneumoperitoneum; constipation"},
        {"image": "4.png", "findings": "air fluid levels"},
        {"image": "5.png", "findings": "no pneumoperitoneum"},
    )  # fmt: skip
    rows, found = read(given, tmp_path / "set")
    first = rows["0"]
    assert (first.view, first.age_months, first.source_split) == (View.LEFT_LATERAL_DECUBITUS, 7, "test")
    assert (first.row_spacing_mm, first.column_spacing_mm) == (0.15, 0.14)
    assert rows["1"].case == first.case
    assert rows["1"].split is first.split
    assert rows["1"].findings == (FindingLabel.PNEUMOPERITONEUM,)
    assert rows["2"].is_outlined
    assert not rows["2"].findings
    incomplete = rows["3"]  # one of its two findings has no outline: it must not teach that it is not there
    assert (len(incomplete.findings), incomplete.mask, incomplete.is_outlined) == (2, "", False)
    assert rows["4"].findings == (FindingLabel.AIR_FLUID_LEVELS,)
    causes = [problem.cause for problem in found.problems if problem.left_out]
    assert len(causes) == 1
    assert "line 7: 'no pneumoperitoneum' is no finding" in causes[0]


def test_a_table_of_something_else_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"its columns are name, age; accepted are image, mask"):
        read(table(tmp_path / "a.csv", {"name": "x", "age": "3"}))
    put(tmp_path / "0.png", radiograph(0))
    _, found = read(table(tmp_path / "b.csv", {"image": "0.png", "patinet": "A", "findings": "normal"}))
    assert "patinet" in found.problems[0].cause
    assert not found.problems[0].left_out


def test_dicom_with_seg_becomes_the_same_set(tmp_path: Path) -> None:
    source, out = tmp_path / "phantoms", tmp_path / "set"
    drawn = [phantom for phantom, _ in write_phantoms(source, 5, 3, size=(128, 112))]
    ran = command(source, "--out", out, "--unmasked", "normal")
    assert ran.exit_code == 0, ran.output
    rows = read_manifest(out / "manifest.csv")
    assert sorted(len(row.findings) for row in rows) == [0, 1, 1, 1, 1]
    for phantom, row in zip(drawn, rows, strict=True):
        assert row.row_spacing_mm == pytest.approx(phantom.imager_pixel_spacing_mm[0], abs=1e-4)
        assert row.age_months == pytest.approx(phantom.age_months, abs=11)  # a header has years
        assert (read_row(out, row)[1] == phantom.mask).all()
    text = (out / "manifest.csv").read_text()
    header = pydicom.dcmread(next(source.glob("*.dcm")))
    assert str(header.PatientID) not in text
    assert str(header.PatientName) not in text


def test_a_radiograph_that_is_stored_turned_is_hung_with_its_mask(tmp_path: Path) -> None:
    source = tmp_path / "phantoms"
    (phantom, written), *_ = write_phantoms(source, 2, 9, size=(128, 112))  # the first has no finding
    _, (phantom, written) = list(write_phantoms(source, 2, 9, size=(128, 112)))
    assert written.truth is not None
    for path in (written.image, written.truth):
        dataset = pydicom.dcmread(path)
        if path == written.image:
            dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[::-1, ::-1]).tobytes()
            dataset.PatientOrientation = ["R", "H"]
        else:
            dataset.PixelData = pydicom.pixels.pack_bits(dataset.pixel_array.reshape(-1)[::-1])
        dataset.save_as(path)
    rows, _ = read(source, tmp_path / "set")
    (row,) = (row for row in rows.values() if row.findings)
    assert (read_row(tmp_path / "set", row)[1] == phantom.mask).all()


def test_what_does_not_fit_is_named_with_its_cause_and_the_rest_is_imported(tmp_path: Path) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    for number in range(7):
        put(images / f"{number}.png", radiograph(number))
    put(masks / "0.png", square(1))
    put(masks / "1.png", square(7))  # no finding
    put(masks / "2.jpg", square(1))  # numbers as JPEG
    put(masks / "3.png", np.dstack([square(9)] * 3))  # in colour
    put(masks / "4.png", np.zeros((10, 10), np.uint8) + 1)
    put(masks / "elsewhere.png", square(1))
    (images / "5.png").write_bytes((images / "5.png").read_bytes()[:60])
    (images / "notes.txt").write_text("x")
    rows, found = read(tmp_path)
    assert set(rows) == {"0", "6"}
    causes = {problem.file: problem.cause for problem in found.problems}
    assert "holds the numbers 7; known are 1 pyloric_stenosis" in causes["images/1.png"]
    assert "JPEG, which does not keep numbers" in causes["images/2.png"]
    assert "a colour image" in causes["images/3.png"]
    assert "(10, 10) pixels" in causes["images/4.png"]
    assert "no readable image" in causes["images/5.png"]
    assert "ending" in causes["images/notes.txt"]
    assert "image that is not there" in causes["masks/elsewhere.png"]


def test_other_numbers_and_inverted_images_are_understood_when_said(tmp_path: Path) -> None:
    put(tmp_path / "images" / "a.png", radiograph(1))
    put(tmp_path / "masks" / "a.png", square(7))
    out = tmp_path / "set"
    ran = command(tmp_path, "--out", out, "--labels", "7=pneumoperitoneum", "--inverted")
    assert ran.exit_code == 0, ran.output
    (row,) = read_manifest(out / "manifest.csv")
    image, masks = read_row(out, row)
    assert (image == 255 - radiograph(1)).all()
    assert (masks[1] == (square(1) > 0)).all()
    ran = command(tmp_path, "--out", tmp_path / "other", "--labels", "7=gas")
    assert ran.exit_code == 1
    assert "known are pyloric_stenosis" in ran.output


def test_an_unknown_layout_names_what_was_found_and_what_is_accepted(tmp_path: Path) -> None:
    put(tmp_path / "scans" / "a.png", radiograph(1))
    ran = command(tmp_path, "--out", tmp_path / "set")
    assert ran.exit_code == 1
    said = " ".join(ran.output.split())
    assert "folders scans; files 1 x .png" in said
    assert "masks/NAME.png" in said
    assert "SEG" in said


def test_a_dry_run_writes_nothing(folders: Path, tmp_path: Path) -> None:
    ran = command(folders, "--out", tmp_path / "set", "--dry-run")
    assert ran.exit_code == 0, ran.output
    assert "10 files left out" in ran.output
    assert not (tmp_path / "set").exists()
