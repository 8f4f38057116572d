"""Phantoms on disk: valid DICOM, ground truth that reads back, the same files each time."""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from study.findings import FINDINGS
from study.pixels import attenuation_values
from training.commands import app
from training.folder import find_pairs, read_pair
from training.ground_truth import ground_truth_dataset
from training.phantom import Phantom, PhantomKind, draw_phantom
from training.phantom_dicom import age_string, radiograph_dataset
from training.phantom_set import WrittenPhantom, phantom_seed, write_phantoms

SIZE = (256, 224)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Phantom, WrittenPhantom]]]:
    out = tmp_path_factory.mktemp("phantoms")
    return out, list(write_phantoms(out, 10, 3, size=SIZE))


def complaints(path: Path) -> list[str]:
    program = shutil.which("dciodvfy")
    assert program, "dciodvfy is missing: install Debian's dicom3tools"
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Abort"))]


@pytest.mark.peer
def test_dciodvfy_finds_no_error_in_images_and_ground_truth(
    written: tuple[Path, list[tuple[Phantom, WrittenPhantom]]], tmp_path: Path
) -> None:
    for phantom, files in written[1]:
        for path in filter(None, (files.image, files.truth)):
            assert complaints(path) == [], (phantom.kind, path.name)
    chest = next(iter(write_phantoms(tmp_path, 1, 3, kind=PhantomKind.CHEST, size=SIZE)))[1]
    assert complaints(chest.image) == []
    assert pydicom.dcmread(chest.image).BodyPartExamined == "CHEST"


def test_two_of_each_class_are_written_with_a_manifest(
    written: tuple[Path, list[tuple[Phantom, WrittenPhantom]]],
) -> None:
    out, phantoms = written
    kinds = [phantom.kind for phantom, _ in phantoms]
    assert sorted(kinds) == sorted(2 * [k for k in PhantomKind if k is not PhantomKind.CHEST])
    with (out / "manifest.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["kind"] for row in rows] == kinds
    assert [(out / row["image"]).is_file() for row in rows] == [True] * 10
    assert [bool(row["truth"]) for row in rows] == [kind is not PhantomKind.NORMAL for kind in kinds]
    assert len({row["study_uid"] for row in rows}) == 10


def test_ground_truth_reads_back_under_the_segment_numbers_of_the_findings(
    written: tuple[Path, list[tuple[Phantom, WrittenPhantom]]],
) -> None:
    for phantom, files in written[1]:
        if files.truth is None:
            assert not phantom.mask.any()
            continue
        segmentation = hd.seg.segread(files.truth)
        assert list(segmentation.segment_numbers) == [1, 2, 3, 4]
        labels = [segmentation.get_segment_description(n).segment_label for n in range(1, 5)]
        assert labels == [definition.segment_label for definition in FINDINGS.values()]
        read = segmentation.get_pixels_by_source_instance([files.instance_uid], ignore_spatial_locations=True)
        np.testing.assert_array_equal(np.moveaxis(read[0], -1, 0).astype(bool), phantom.mask)


def test_a_pair_reads_back_as_it_was_drawn(
    written: tuple[Path, list[tuple[Phantom, WrittenPhantom]]],
) -> None:
    out, phantoms = written
    pairs = find_pairs(out)
    assert [pair.image for pair in pairs] == sorted(files.image for _, files in phantoms)
    for pair, (phantom, _) in zip(pairs, phantoms, strict=True):
        image, mask = read_pair(pair)
        np.testing.assert_array_equal(mask, phantom.mask)
        offset = image - phantom.attenuation_image
        np.testing.assert_allclose(offset, offset[0, 0], atol=1e-3)  # equal but for where zero lies


def test_the_same_seed_writes_the_same_files(
    written: tuple[Path, list[tuple[Phantom, WrittenPhantom]]], tmp_path: Path
) -> None:
    again = next(iter(write_phantoms(tmp_path, 1, 3, size=SIZE)))[1]
    first = written[1][0][1]
    assert (
        hashlib.sha256(again.image.read_bytes()).digest() == hashlib.sha256(first.image.read_bytes()).digest()
    )


def test_pixels_survive_the_data_set() -> None:
    for seed in (0, 3):
        phantom = draw_phantom(seed, PhantomKind.NORMAL, size=SIZE)
        dataset = radiograph_dataset(phantom, number=1)
        np.testing.assert_array_equal(dataset.pixel_array, phantom.pixels)
        assert attenuation_values(dataset).shape == SIZE


def test_a_phantom_without_a_finding_has_no_ground_truth_to_write() -> None:
    phantom = draw_phantom(0, PhantomKind.NORMAL, size=SIZE)
    with pytest.raises(ValueError, match="no finding"):
        ground_truth_dataset(phantom, radiograph_dataset(phantom, number=1))


def test_sets_never_share_a_seed() -> None:
    assert phantom_seed(1, 0) > phantom_seed(0, 99_999)
    with pytest.raises(ValueError, match="at most"):
        phantom_seed(0, 100_000)


@pytest.mark.parametrize(("months", "written_age"), [(0, "010D"), (3, "003M"), (23, "023M"), (30, "002Y")])
def test_ages_are_written_as_dicom_wants_them(months: int, written_age: str) -> None:
    assert age_string(months) == written_age


def test_the_command_writes_phantoms_and_says_where(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["phantom", "--out", str(tmp_path), "--count", "2", "--size", "128", "--kind", "constipation"]
    )
    assert done.exit_code == 0, done.output
    assert "2 phantoms" in done.output
    assert len(list(tmp_path.glob("*.dcm"))) == len(list((tmp_path / "truth").glob("*.dcm"))) == 2


def test_drawing_phantoms_loads_neither_torch_nor_albumentations() -> None:
    code = (
        "import sys, training.commands, training.phantom_set;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'albumentations', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def drawn_as_asked(out: Path, *options: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(app, ["phantom", "--out", str(out), "--count", "3", "--size", "128", *options])
    assert done.exit_code == 0, done.output
    with (out / "manifest.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_command_draws_what_is_asked_for_and_lists_it(tmp_path: Path) -> None:
    options = "--kind pneumoperitoneum --also air_fluid_levels --severity 0.9 --mimic skin_fold --site B"
    rows = drawn_as_asked(tmp_path, *options.split(), "--view", "left_lateral_decubitus")
    for row in rows:
        assert row["findings"] == "pneumoperitoneum;air_fluid_levels"
        assert row["severities"] == "pneumoperitoneum=0.900;air_fluid_levels=0.900"
        assert (row["mimics"], row["site"]) == ("skin_fold", "B")
        image = pydicom.dcmread(tmp_path / row["image"], stop_before_pixels=True)
        assert image.ViewPosition == "LLD"


def test_the_command_refuses_what_no_radiograph_can_show(tmp_path: Path) -> None:
    for asked in (["--kind", "air_fluid_levels", "--view", "supine"], ["--mixed", "--kind", "normal"]):
        done = CliRunner().invoke(app, ["phantom", "--out", str(tmp_path), "--size", "128", *asked])
        assert done.exit_code != 0
        assert "air-fluid levels show" in done.output or "ask for nothing else" in done.output


@pytest.mark.peer
@pytest.mark.parametrize(
    "options",
    [
        ["--mixed"],
        ["--mixed", "--site", "B"],
        ["--kind", "pneumoperitoneum", "--view", "cross_table_lateral"],
        ["--kind", "normal", "--view", "left_lateral_decubitus", "--appliance", "burnt_in_text"],
        ["--stranger", "photograph"],
        ["--stranger", "adult_abdomen"],
    ],
)
def test_dciodvfy_finds_no_error_whatever_is_asked_for(tmp_path: Path, options: list[str]) -> None:
    for row in drawn_as_asked(tmp_path, *options):
        assert complaints(tmp_path / row["image"]) == []
        if row["truth"]:
            assert complaints(tmp_path / row["truth"]) == []


def test_a_look_up_table_for_display_does_not_change_what_is_read() -> None:
    phantom = next(
        p for seed in range(40) if (p := draw_phantom(seed, PhantomKind.NORMAL, size=SIZE)).voi_table
    )
    dataset = radiograph_dataset(phantom, number=1)
    assert "WindowCenter" not in dataset
    assert len(dataset.VOILUTSequence[0].LUTData) == 2 * 2**phantom.bits_stored
    shown = pydicom.pixels.apply_voi_lut(dataset.pixel_array, dataset)
    steps = np.diff(shown[np.unravel_index(np.argsort(phantom.pixels, axis=None), SIZE)].astype(int))
    assert steps.min() >= 0  # brighter stays brighter
    offset = attenuation_values(dataset) - phantom.attenuation_image
    np.testing.assert_allclose(offset, offset[0, 0], atol=1e-3)
