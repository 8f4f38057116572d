import pydicom
import pytest
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage
from typer.testing import CliRunner

from inference.commands import app
from training.phantom import PhantomKind


@pytest.fixture
def files(radiographs, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for kind in (PhantomKind.PNEUMOPERITONEUM, PhantomKind.CONSTIPATION):
        radiographs[kind].save_as(folder / f"{kind}.dcm", enforce_file_format=True)
    return folder


def _run(*arguments: object):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_a_folder_of_radiographs_becomes_seg_sr_and_picture(files, tmp_path):
    (files / "notes.txt").write_text("not an image")
    out = tmp_path / "out"
    ran = _run(files, "--out", out, "--threads", 1)
    assert ran.exit_code == 0, ran.output
    assert "Pneumoperitoneum" in ran.stdout
    assert "not for clinical use" in ran.stdout
    for name in ("pneumoperitoneum", "constipation"):
        assert pydicom.dcmread(out / f"{name}.sr.dcm").SOPClassUID == Comprehensive3DSRStorage
        assert (out / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    assert pydicom.dcmread(out / "pneumoperitoneum.seg.dcm").SOPClassUID == SegmentationStorage


def test_one_bad_file_does_not_stop_the_others_but_fails_the_run(files, tmp_path):
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"nothing")
    out = tmp_path / "out"
    ran = _run(bad, files / "constipation.dcm", "--out", out, "--threads", 1)
    assert ran.exit_code == 1
    assert str(bad) in ran.stderr
    assert "not a readable DICOM file; give a DICOM file (Part 10)" in ran.stderr
    assert (out / "constipation.sr.dcm").exists()


def test_a_missing_file_and_a_segmentation_are_named_with_cause_and_next_step(files, tmp_path):
    _run(files / "pneumoperitoneum.dcm", "--out", tmp_path / "out", "--threads", 1)
    seg = tmp_path / "out" / "pneumoperitoneum.seg.dcm"
    ran = _run(tmp_path / "none.dcm", seg, "--out", tmp_path / "again", "--threads", 1)
    assert ran.exit_code == 1
    assert "No such file or directory; check the path" in ran.stderr
    assert "not a radiograph but: Segmentation Storage" in ran.stderr


def test_a_folder_without_radiographs_is_said_to_have_none(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("nothing here")
    ran = _run(tmp_path / "in", "--out", tmp_path / "out")
    assert ran.exit_code == 1
    assert "There is no CR or DX image" in ran.stderr


def test_files_of_one_name_do_not_overwrite_each_other(files, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (files / "constipation.dcm").rename(other / "pneumoperitoneum.dcm")
    out = tmp_path / "out"
    assert _run(files, other, "--out", out, "--threads", 1).exit_code == 0
    assert {p.name for p in out.glob("*.png")} == {"pneumoperitoneum.png", "pneumoperitoneum-2.png"}


def test_a_folder_that_is_no_model_package_is_refused_in_words(files, tmp_path):
    ran = _run(files, "--out", tmp_path / "out", "--model", tmp_path)
    assert ran.exit_code == 1
    assert "is not a model package" in ran.stderr
