"""`kidray evaluate`: the shipped model on phantoms, on a manifest, on a folder; the report and the card."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import config
from typer.testing import CliRunner

from inference.eligibility import check_pixels
from inference.models import load_package, shipped_folder
from inference.preprocess import prepare
from study.decision import Decision
from study.findings import FINDINGS, FindingLabel
from study.image_kind import ImageKind, why_unread
from study.model import View
from training.card import card_text
from training.case import PhantomKind
from training.commands import app
from training.document import Paragraph, Picture, Table, as_html, as_markdown
from training.evaluate import METRICS_FILE, evaluate, record
from training.figure_tables import FORMAT
from training.held_out import FolderSet, ManifestSet, PhantomSet, age_in_months
from training.manifest import Row, write_grayscale, write_manifest
from training.mix import HELD_OUT_SITE
from training.phantom import draw_phantom
from training.phantom_set import write_phantom
from training.report import write_report
from training.split import Split
from training.unread_figures import unread_sentence
from training.vision_page import BEGIN, END, figures_text, write_page

pytestmark = pytest.mark.timeout(900)  # of a machine that others use too

COUNT, SIZE = 6, (256, 256)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    asked = [
        "--beside",
        str(shipped_folder()),
        "--phantoms",
        str(COUNT),
        "--site",
        "A",
        "--site",
        "B",
        "--size",
        str(SIZE[0]),
        "--threads",
        "1",
    ]
    done = CliRunner().invoke(app, ["evaluate", *asked, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "Pneumoperitoneum" in done.output
    return out


@pytest.fixture(scope="module")
def metrics(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_both_sites_are_judged_and_the_first_stands_first(metrics: dict[str, Any]) -> None:
    assert (metrics["test"]["site"], metrics["test"]["phantoms"], metrics["patients"]) == ("A", COUNT, COUNT)
    (other,) = metrics["other_sets"]
    assert other["test"]["site"] == "B"
    assert [other["findings"][label]["present"] for label in FINDINGS] == [
        metrics["findings"][label]["present"] for label in FINDINGS
    ]  # the same children, with other equipment
    assert metrics["model"]["sha256"] == load_package().identity.sha256


def test_a_model_has_no_lead_over_itself(report: Path, metrics: dict[str, Any]) -> None:
    (itself,) = metrics["beside"]
    for label in FINDINGS:
        own, other = metrics["findings"][label], itself["findings"][label]
        assert own["dice"]["value"] == other["dice"]
        assert other["lead"]["specificity"]["value"] == 0
    assert "| model beside |" in (report / "report.md").read_text(encoding="utf-8")


def test_every_figure_can_be_computed_again_from_the_cases(report: Path, metrics: dict[str, Any]) -> None:
    with (report / "cases.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] == metrics["test"]["title"]]
    assert len(rows) == COUNT * len(FINDINGS)
    for label in FINDINGS:
        own = [row for row in rows if row["finding"] == label and row["present"] == "1"]
        figures = metrics["findings"][label]
        assert figures["present"] == len(own)
        dices = [float(row["dice"]) for row in own if row["dice"] != "nan"]
        if dices:
            assert figures["dice"]["value"] == pytest.approx(np.mean(dices), abs=1e-4)
        if own:
            share = np.mean([row["called"] == "1" for row in own])
            assert figures["sensitivity"]["value"] == pytest.approx(share, abs=1e-4)


def test_the_report_is_one_page_that_needs_no_other_file(report: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) >= 10
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in sources)
    assert page.count("<table>") == page.count("</table>") >= 8
    text = (report / "report.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((images/[^)]+)\)", text)
    assert len(linked) == len(sources)
    assert all((report / path).stat().st_size > 1000 for path in linked)
    assert "Not for clinical use" in text


def test_what_a_report_says_can_hold_no_markup(tmp_path: Path) -> None:
    (tmp_path / "plot.png").write_bytes(b"\x89PNG")
    blocks = [
        Paragraph('**bold** & `<script>` "x"'),
        Table(("a|b",), [["<b>"]]),
        Picture("plot.png", 'a "quoted" <caption>'),
    ]
    page = as_html("<title>", blocks, tmp_path)
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<strong>bold</strong> &amp; <code>&lt;script&gt;</code>" in page
    assert 'alt="a &quot;quoted&quot; &lt;caption&gt;"' in page
    assert "| a/b |\n| --- |\n| <b> |" in as_markdown(blocks)


def test_the_card_is_written_from_the_figures(tmp_path: Path, metrics: dict[str, Any]) -> None:
    shutil.copytree(shipped_folder(), tmp_path / "model")
    package = record(load_package(tmp_path / "model"), metrics)
    assert json.loads((package.folder / "metrics.json").read_text(encoding="utf-8")) == metrics
    kept = package.description.metrics
    assert "curves" not in kept
    assert "curves" not in kept["other_sets"][0]
    card = (package.folder / "CARD.md").read_text(encoding="utf-8")
    assert card == card_text(package)
    value = metrics["all"]["specificity"]["value"]
    row = next(line for line in card.splitlines() if line.startswith("| all four |"))
    assert f"| {value:.3f} (" in row
    assert "Test figures: Phantoms, site B" in card
    assert f"--phantoms {COUNT} --seed 0" in card


def test_the_page_of_figures_is_written_from_a_report(
    report: Path, metrics: dict[str, Any], tmp_path: Path
) -> None:
    page = tmp_path / "vision.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_page(report, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert figures_text(metrics) in text
    assert "\nold\n" not in text
    linked = re.findall(r"\]\((img/[^)]+)\)", text)
    assert len(linked) >= 8
    assert all((tmp_path / path).is_file() for path in linked)
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        write_page(report, page)


def test_the_documentation_has_the_figures_of_the_shipped_model() -> None:
    figures = load_package().description.metrics
    text = Path("docs/vision.md").read_text(encoding="utf-8")
    assert BEGIN in text
    if figures.get("format") == FORMAT:
        told = json.loads((shipped_folder() / METRICS_FILE).read_text(encoding="utf-8"))
        assert figures_text(told) in text, "run: python -m training.vision_page REPORT"
        linked = re.findall(r"\]\((img/[^)]+)\)", text)
        assert all((Path("docs") / path).stat().st_size < 400_000 for path in linked)


def test_phantoms_that_judge_are_those_of_no_other_split() -> None:
    here, there = PhantomSet(3, 1, size=(96, 96)), PhantomSet(3, 1, mix=HELD_OUT_SITE, size=(96, 96))
    assert "never trained on" in here.description
    for index in range(3):
        one, other = here.sample(index), there.sample(index)
        assert (one.present == other.present).all()
        assert one.facts.age_months == other.facts.age_months
        assert not np.array_equal(one.values, other.values)
        assert int(one.name.removeprefix("phantom ")) >= 3 << 44
        assert np.array_equal(one.values, here.sample(index).values)


def _manifest(folder: Path) -> Path:
    """Write a manifest of phantoms: one patient with three radiographs, one without its outline."""
    rows = []
    asked = (
        (1, PhantomKind.PNEUMOPERITONEUM, True, 0),
        (2, PhantomKind.PNEUMOPERITONEUM, False, 0),
        (3, PhantomKind.NORMAL, False, 0),
        (4, PhantomKind.CONSTIPATION, True, 1),
        (5, PhantomKind.NORMAL, False, 2),
    )
    for seed, kind, outlined, case in asked:
        phantom = draw_phantom(seed, kind, size=SIZE)
        prepared, _ = prepare(phantom.attenuation_image, SIZE[0])
        write_grayscale(folder / f"images/{seed}.png", np.round((prepared[0] + 1) * 127.5).astype(np.uint8))
        if outlined:
            numbers = np.arange(1, 5, dtype=np.uint8)[:, None, None]
            write_grayscale(
                folder / f"masks/{seed}.png", (phantom.mask * numbers).max(axis=0).astype(np.uint8)
            )
        rows.append(
            Row(
                id=f"radiograph-{seed}", split=Split.TEST, case=case, category=kind.value,
                findings=() if kind is PhantomKind.NORMAL else (FindingLabel(kind.value),),
                image=f"images/{seed}.png", mask=f"masks/{seed}.png" if outlined else "",
                rows=SIZE[0], columns=SIZE[1], bits=8, row_spacing_mm=1.5, column_spacing_mm=1.5,
                age_months=phantom.age_months, view=phantom.view, source="", source_split="",
                pixel_sha256="", look="",
            )
        )  # fmt: skip
    write_manifest(folder / "manifest.csv", rows)
    return folder / "manifest.csv"


def test_rows_without_outlines_count_for_detection(tmp_path: Path) -> None:
    held_out = ManifestSet(_manifest(tmp_path))
    found = evaluate(load_package(), [held_out], threads=1)
    gas = found.metrics["findings"]["pneumoperitoneum"]
    assert (found.metrics["images"], found.metrics["patients"]) == (5, 3)
    assert (gas["present"], gas["sensitivity"]["count"], gas["dice"]["count"]) == (2, 2, 1)
    assert gas["specificity"]["count"] == 3
    assert gas["froc"]["images"] == 4
    assert found.metrics["by_severity"] == {}
    assert "1 of them known as a whole only" in found.metrics["test"]["description"]
    assert found.readings[0][0].facts.view in set(View)
    distance = found.metrics["findings"]["constipation"]["surface_distance_mm"]
    assert distance["count"] + found.metrics["findings"]["constipation"]["without_distance"] == 1


def _with_one_upside_down(folder: Path) -> Path:
    """Write three radiographs with free gas; the second is upside down, and nothing says so."""
    size, rows = (448, 384), []
    for number in range(3):
        phantom = draw_phantom(70 + number, PhantomKind.PNEUMOPERITONEUM, size=size)
        turn = slice(None, None, -1 if number == 1 else 1)
        values = phantom.attenuation_image[turn]
        scaled = (values - values.min()) / (values.max() - values.min())
        write_grayscale(folder / f"images/{number}.png", np.round(scaled * 65535).astype(np.uint16))
        numbers = np.arange(1, 5, dtype=np.uint8)[:, None, None]
        mask = (phantom.mask[:, turn] * numbers).max(axis=0).astype(np.uint8)
        write_grayscale(folder / f"masks/{number}.png", mask)
        rows.append(
            Row(
                id=f"radiograph-{number}", split=Split.TEST, case=number, category="pneumoperitoneum",
                findings=(FindingLabel.PNEUMOPERITONEUM,), image=f"images/{number}.png",
                mask=f"masks/{number}.png", rows=size[0], columns=size[1], bits=16, source="",
                source_split="", pixel_sha256="", look="",
            )
        )  # fmt: skip
    write_manifest(folder / "manifest.csv", rows)
    return folder / "manifest.csv"


def test_what_is_left_unread_counts_as_called_for_nothing_and_is_reported(tmp_path: Path) -> None:
    held_out = ManifestSet(_with_one_upside_down(tmp_path))
    found = evaluate(load_package(), [held_out], threads=1, beside=[load_package()])
    abstained, gas = found.metrics["abstained"], found.metrics["findings"]["pneumoperitoneum"]
    assert abstained["by_reason"] == {"looks_upside_down": {"images": 1, "with_a_finding": 1}}
    assert abstained["findings"]["pneumoperitoneum"] == 1
    assert abstained["share"]["value"] == pytest.approx(1 / 3, abs=1e-3)
    assert (gas["present"], gas["sensitivity"]["count"]) == (3, 3)
    assert gas["sensitivity"]["value"] <= 2 / 3 + 1e-3
    assert gas["froc"]["images"] == 3
    assert np.isnan(found.readings[0][1].scores).all()
    assert found.readings[0][1].dices[1] == 0
    write_report(tmp_path / "report", found)
    told = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "Left unread: 1 of 3 radiographs" in told
    assert "counted as not called: Pneumoperitoneum 1" in told
    assert "| the image looks upside down, against what the header says | 1 | 1 |" in told
    with (tmp_path / "report" / "cases.csv").open(newline="", encoding="utf-8") as stream:
        named = [row["unread"] for row in csv.DictReader(stream)]
    assert named == [""] * 4 + ["looks_upside_down"] * 4 + [""] * 4
    read_all = evaluate(load_package(), [held_out], threads=1, judge=check_pixels)
    assert read_all.metrics["abstained"]["images"] == 0
    assert "None of the 3 radiographs was left unread." in unread_sentence(read_all.metrics)


def test_a_set_that_is_left_unread_as_a_whole_has_figures_all_the_same(tmp_path: Path) -> None:
    held_out = ManifestSet(_manifest(tmp_path))
    found = evaluate(
        load_package(), [held_out], threads=1, judge=lambda _: Decision(False, why_unread(ImageKind.CHEST))
    )
    gas = found.metrics["findings"]["pneumoperitoneum"]
    assert (gas["sensitivity"]["value"], gas["specificity"]["value"]) == (0, 1)
    assert gas["auroc"]["value"] is None
    assert gas["calibration"]["brier"] is None
    write_report(tmp_path / "report", found)


def test_a_folder_of_dicom_is_judged_by_patient(tmp_path: Path) -> None:
    for number, kind in enumerate((PhantomKind.AIR_FLUID_LEVELS, PhantomKind.NORMAL, PhantomKind.NORMAL)):
        write_phantom(draw_phantom(number, kind, size=SIZE), tmp_path, number=number)
    first, second, _ = sorted(tmp_path.glob("*.dcm"))
    moved = pydicom.dcmread(second)
    moved.PatientID = pydicom.dcmread(first).PatientID
    moved.save_as(second)
    held_out = FolderSet(tmp_path)
    found = evaluate(load_package(), [held_out], threads=1, pictures=tmp_path / "report")
    assert (found.metrics["images"], found.metrics["patients"]) == (3, 2)
    assert found.metrics["findings"]["air_fluid_levels"]["present"] == 1
    assert found.metrics["findings"]["air_fluid_levels"]["dice"]["count"] == 1
    write_report(tmp_path / "report", found)
    written = "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "report").iterdir() if path.is_file()
    )
    assert moved.PatientID not in written
    assert "PHANTOM^" not in written
    assert str(tmp_path) not in written


def test_ages_are_read_as_dicom_writes_them() -> None:
    header = pydicom.Dataset()
    for text, months in (("010D", 0), ("006W", 1), ("023M", 23), ("005Y", 60), ("5", None), ("", None)):
        header["PatientAge"] = pydicom.DataElement("PatientAge", "AS", text, validation_mode=config.IGNORE)
        assert age_in_months(header) == months


def test_two_sources_at_once_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["evaluate", "--manifest", str(tmp_path / "m.csv"), "--folder", str(tmp_path)]
    )
    assert done.exit_code == 1
    assert "not both" in done.output
