"""The AI Hub set: two releases with all their irregularities become a data set that trains."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from inference.models import load_package
from study.findings import FINDINGS, FindingLabel
from study.model import View
from study.pixels import file_attenuation
from training.aihub import find_entries
from training.aihub_import import import_set
from training.annotation import AnnotationError, finding_named, months, read_annotation, view_named
from training.commands import app
from training.dataset import prepared_manifest
from training.grouping import groups, leakage, repeated
from training.importing import Imported
from training.layout import LayoutError
from training.manifest import ManifestError, Row, read_manifest, read_row, write_manifest
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset
from training.recipe import DataPart
from training.set_report import report_text
from training.split import Split, split_of

pytestmark = pytest.mark.timeout(900)  # of a machine that others use too

FOLDERS = {
    1: "1.Pyloric_Stenosis",
    2: "2.Pneumoperitoneum",
    3: "3.Air_Fluid_Level",
    4: "4.Constipation",
    5: "5.Normal",
}
SQUARE = [[10, 10], [40, 10], [40, 30], [10, 30]]
CASES = 24  # of each class: all three splits get some


def radiograph(seed: int, size: tuple[int, int] = (64, 56)) -> NDArray[np.uint8]:
    """Return something that no other seed gives, uint8 (H, W)."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8)).astype(np.float32)
    return np.asarray(cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)


def put(part: Path, number: int, case: int | str, pixels: NDArray[np.uint8], shapes: object) -> None:
    """Write one radiograph of the composite release, and its annotation unless `shapes` is None."""
    for kind in ("Source_Data", "Labeling_Data"):
        (part / kind / FOLDERS[number]).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(part / "Source_Data" / FOLDERS[number] / f"{number}_{case}.png"), pixels)
    if shapes is not None:
        annotation = part / "Labeling_Data" / FOLDERS[number] / f"{number}_{case}.json"
        annotation.write_text(json.dumps({"shapes": shapes}), encoding="utf-8")


@pytest.fixture(scope="module")
def composite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A composite release of `CASES` regular radiographs of each class, in both parts of its own split."""
    root = tmp_path_factory.mktemp("composite")
    for number in FOLDERS:
        for case in range(CASES):
            part = root / ("Train" if case % 3 else "Validation")
            shapes = [{"class": number, "points": SQUARE}] if number < 5 else []
            put(part, number, case, radiograph(1000 * number + case), shapes)
    return root


@pytest.fixture(scope="module")
def imported(composite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("imported") / "set"
    return out, CliRunner().invoke(app, ["import-aihub", str(composite), "--out", str(out)])


def only(source: Path, out: Path | None = None) -> Imported:
    return import_set(source, out, threads=1)


def causes(imported: Imported, *, left_out: bool) -> dict[str, str]:
    return {p.file: p.cause for p in imported.problems if p.left_out is left_out}


def test_the_composite_release_becomes_images_masks_and_a_manifest(imported: tuple[Path, Result]) -> None:
    out, done = imported
    assert done.exit_code == 0, done.output
    rows = read_manifest(out / "manifest.csv")
    assert len(rows) == 5 * CASES
    assert Counter(row.category for row in rows) == dict.fromkeys([*FINDINGS, "normal"], CASES)
    row = next(row for row in rows if row.source == "Train/Source_Data/2.Pneumoperitoneum/2_7.png")
    assert (row.findings, row.source_split, row.rows, row.columns) == (
        (FindingLabel.PNEUMOPERITONEUM,),
        "Train",
        64,
        56,
    )
    image, masks = read_row(out, row)
    np.testing.assert_array_equal(image, radiograph(2007))
    assert masks[1, 10:31, 10:41].all()
    assert masks.sum() == 21 * 31  # as PIL fills a polygon, its outline included
    assert not any(row.mask for row in rows if row.category == "normal")


def test_every_split_has_every_class_and_no_case_is_in_two(imported: tuple[Path, Result]) -> None:
    rows = read_manifest(imported[0] / "manifest.csv")
    assert leakage(rows) == (0, 0, 0)
    assert {(row.split, row.category) for row in rows} >= {
        (split, category) for split in Split for category in (*FINDINGS, "normal")
    }
    by_number: dict[str, set[Split]] = {}
    for row in rows:
        by_number.setdefault(row.source.rpartition("_")[2], set()).add(row.split)
    assert all(len(splits) == 1 for splits in by_number.values())


def test_a_split_stays_when_cases_come_beside_it(composite: Path, tmp_path: Path) -> None:
    before = {row.id: row.split for row in only(composite).rows}
    grown = tmp_path / "grown"
    shutil.copytree(composite, grown)
    for case in range(500, 530):
        put(grown / "Train", 1, case, radiograph(case), [{"class": 1, "points": SQUARE}])
    after = {row.id: row.split for row in only(grown).rows}
    assert before.items() <= after.items()


def test_the_hash_gives_the_shares_that_are_promised() -> None:
    counts = Counter(split_of(f"case/{number}") for number in range(20_000))
    assert counts[Split.TRAIN] / 20_000 == pytest.approx(0.70, abs=0.01)
    assert counts[Split.VALIDATION] / 20_000 == pytest.approx(0.15, abs=0.01)


def test_the_report_counts_and_shows(imported: tuple[Path, Result]) -> None:
    out, _ = imported
    text = (out / "report.md").read_text(encoding="utf-8")
    counts = Counter(row.split for row in read_manifest(out / "manifest.csv"))
    shown = " | ".join(str(counts[split]) for split in Split)
    assert f"| all | {shown} | {5 * CASES} |" in text
    assert "Cases in more than one split: **0**" in text
    assert "64 x 56 (120)" in text
    assert "legal review" in text
    sheet = cv2.imread(str(out / "contact-sheet.png"))
    assert sheet is not None
    assert sheet.shape[0] > 5 * 192
    colour = next(iter(FINDINGS.values())).color[::-1]
    assert (sheet[:200] == colour).all(axis=-1).any()  # the first row's outlines


def test_the_commands_train_and_export_from_it_and_claim_no_phantoms(
    imported: tuple[Path, Result], tmp_path: Path
) -> None:
    config = tmp_path / "aihub.toml"
    config.write_text(
        f'epochs = 1\nprecision = "fp32"\n[data]\nmanifest = "{(imported[0] / "manifest.csv").as_posix()}"\n'
        f'size = 32\ncache = "{(tmp_path / "cache").as_posix()}"\n[network]\nwidth = 2\ndepth = 2\n',
        encoding="utf-8",
    )
    arguments = ["train", "--config", str(config), "--out", str(tmp_path / "run"), "--threads", "1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    with (tmp_path / "run" / "log.csv").open(encoding="utf-8") as stream:
        (epoch,) = csv.DictReader(stream)
    assert 0 < float(epoch["train_loss"]) < 10
    assert 0 <= float(epoch["validation_dice"]) <= 1
    model = tmp_path / "model"
    arguments = ["export", "--checkpoint", str(tmp_path / "run" / "best.pt"), "--out", str(model)]
    done = CliRunner().invoke(app, [*arguments, "--name", "own", "--threads", "1"])
    assert done.exit_code == 0, done.output
    card = (model / "CARD.md").read_text(encoding="utf-8")
    assert "reviewed by a lawyer" in card
    assert "phantoms" not in card.replace("Figures on phantoms say nothing", "")
    assert "phantom" not in load_package(model).description.disclaimer


def test_each_split_is_prepared_by_itself(imported: tuple[Path, Result], tmp_path: Path) -> None:
    manifest = imported[0] / "manifest.csv"
    rows = read_manifest(manifest)
    for split in Split:
        prepared = prepared_manifest(manifest, split, 32, cache=tmp_path)
        there = [row for row in rows if row.split is split]
        assert len(prepared) == len(there)
        numbers = [FINDINGS[row.findings[0]].segment_number if row.findings else 0 for row in there]
        assert [int(labels.max()) for labels in prepared.labels] == numbers


def test_an_imported_set_is_not_overwritten(composite: Path, imported: tuple[Path, Result]) -> None:
    done = CliRunner().invoke(app, ["import-aihub", str(composite), "--out", str(imported[0])])
    assert done.exit_code == 1
    assert "another --out" in done.output


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(composite: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["import-aihub", str(composite), "--out", str(out), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "nothing was written" in done.output
    assert str(5 * CASES) in done.output
    assert not out.exists()


@pytest.mark.parametrize(
    "shapes",
    [
        [[{"class": 3, "points": SQUARE}]],
        [[[{"class": "3", "potins": SQUARE}]]],
        [{"class": 3, "points": [SQUARE]}],
        [{"class": 3, "points": [value for point in SQUARE for value in point]}],
        [{"label": "Air-fluid level", "points": SQUARE}],
        [{"class": 3, "points": [], "potins": SQUARE}, {"class": 5, "points": []}],
    ],
)
def test_every_known_form_of_a_polygon_fills_the_same_mask(shapes: object, tmp_path: Path) -> None:
    put(tmp_path / "Train", 3, 1, radiograph(1), shapes)
    (row,) = only(tmp_path, tmp_path / "out").rows
    assert row.findings == (FindingLabel.AIR_FLUID_LEVELS,)
    _, masks = read_row(tmp_path / "out", row)
    assert [int(mask.sum()) for mask in masks] == [0, 0, 21 * 31, 0]


def test_letters_of_either_case_a_byte_order_mark_and_korean_text_are_read(tmp_path: Path) -> None:
    images, annotations = tmp_path / "TRAIN/source_data/2.PNEUMO", tmp_path / "TRAIN/LABELING_DATA/2.pneumo"
    images.mkdir(parents=True)
    annotations.mkdir(parents=True)
    for case, encoding in enumerate(("utf-8-sig", "cp949")):
        cv2.imwrite(str(images / f"2_{case}.PNG"), radiograph(case))
        content = {"memo": "소아", "shapes": [{"class": 2, "points": SQUARE}]}
        text = json.dumps(content, ensure_ascii=False)
        (annotations / f"2_{case}.JSON").write_bytes(text.encode(encoding))
    found = only(tmp_path)
    assert [row.findings for row in found.rows] == [(FindingLabel.PNEUMOPERITONEUM,)] * 2
    assert not found.problems


def test_what_does_not_fit_is_named_with_its_cause_and_the_rest_is_imported(tmp_path: Path) -> None:
    part, polygon = tmp_path / "Train", [{"class": 1, "points": SQUARE}]
    put(part, 1, 1, radiograph(1), polygon)
    put(part, 1, 2, radiograph(2), None)  # image without annotation
    put(part, 1, 3, radiograph(3), [{"class": 1, "points": []}])  # empty polygon
    put(part, 1, 4, radiograph(4), [{"class": 1, "points": [[-9, -9], [90, -9], [90, 20], [-9, 20]]}])
    put(part, 1, 5, radiograph(5), [{"class": 7, "points": SQUARE}])
    put(part, 1, 6, radiograph(6), [{"class": 2, "points": SQUARE}])  # another class than its folder
    put(part, 1, 7, radiograph(7), polygon)
    put(part, 1, 8, radiograph(8), polygon)
    put(part, 5, 9, radiograph(9), None)  # normal, not annotated
    sources, annotations = part / "Source_Data/1.Pyloric_Stenosis", part / "Labeling_Data/1.Pyloric_Stenosis"
    (sources / "1_7.png").write_bytes((sources / "1_7.png").read_bytes()[:100])  # cut short
    (annotations / "1_8.json").write_text("{", encoding="utf-8")
    (annotations / "1_99.json").write_text(json.dumps({"shapes": polygon}), encoding="utf-8")  # no image
    (sources / "readme.txt").write_text("x", encoding="utf-8")
    (sources / ".DS_Store").write_bytes(b"x")
    found = only(tmp_path, tmp_path / "out")
    labels = {Path(row.source).stem: (row.findings, bool(row.mask)) for row in found.rows}
    pyloric, free_gas = (FindingLabel.PYLORIC_STENOSIS,), (FindingLabel.PNEUMOPERITONEUM,)
    assert labels == {
        "1_1": (pyloric, True),
        "1_2": (pyloric, False),
        "1_3": (pyloric, False),
        "1_4": (pyloric, True),
        "1_6": (free_gas, True),
        "5_9": ((), False),
    }
    out = {Path(file).name: cause for file, cause in causes(found, left_out=True).items()}
    assert set(out) == {"1_5.json", "1_7.png", "1_8.json", "1_99.json", "readme.txt"}
    assert "class 7" in out["1_5.json"]
    assert "not there" in out["1_99.json"]
    assert all(problem.next_step for problem in found.problems)
    taken = [(Path(p.file).name, p.cause) for p in found.problems if not p.left_out]
    assert ("1_2.png", "filed under pyloric_stenosis, without an annotation: known as an image only") in taken
    assert ("1_4.png", "a polygon reaches beyond the image: it was cut at the edge") in taken
    assert any(name == "1_6.png" and "pneumoperitoneum" in cause for name, cause in taken)
    _, masks = read_row(tmp_path / "out", next(row for row in found.rows if row.source.endswith("1_4.png")))
    assert masks[0, :21].all()
    assert masks[0].sum() == 21 * 56


def test_equal_images_stay_in_one_split_and_the_report_names_them(tmp_path: Path) -> None:
    for case in range(30):  # every one under its own number, with its twin under another
        put(tmp_path / "Train", 1, case, radiograph(case), [{"class": 1, "points": SQUARE}])
        put(tmp_path / "Validation", 5, 100 + case, radiograph(case), [])
    found = only(tmp_path)
    assert len(repeated(found.rows)) == 30
    assert leakage(found.rows).pixels == 0
    report = report_text(found.rows, found.problems)
    assert "30 images occur more than once, pixel by pixel (60 files); 30 of them with different" in report


def test_the_leakage_check_sees_what_crosses(imported: tuple[Path, Result]) -> None:
    rows = read_manifest(imported[0] / "manifest.csv")[:2]
    crossed = [
        row.model_copy(update={"split": split, "case": 1, "pixel_sha256": "0", "look": "0"})
        for row, split in zip(rows, (Split.TRAIN, Split.TEST), strict=True)
    ]
    assert leakage(crossed) == (1, 1, 1)
    assert "Cases in more than one split: **1**" in report_text(crossed, [])


def test_items_that_share_a_key_through_others_are_one_group() -> None:
    keys = [frozenset(key) for key in ("ab", "c", "bd", "e", "dc")]
    assert groups(keys) == [[0, 1, 2, 4], [3]]


def precursor(root: Path, folder: str, name: str, *, seed: int, **content: object) -> None:
    """Write one radiograph of the precursor release with its annotation."""
    (root / "dcm" / folder).mkdir(parents=True, exist_ok=True)
    (root / "json" / folder).mkdir(parents=True, exist_ok=True)
    dataset = radiograph_dataset(draw_phantom(seed, PhantomKind.NORMAL, size=(96, 80)), number=seed + 1)
    dataset.PatientName, dataset.PatientID = "Hong^Gildong", f"HOSPITAL-{seed}"
    dataset.save_as(root / "dcm" / folder / f"{name}.dcm", enforce_file_format=True)
    (root / "json" / folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("precursor") / "fix"
    abdomen = {"label": "abdomen", "points": [[5, 5], [70, 80]]}
    shared = {"patientid": "P-0042", "age": "5개월", "status": "abdomen erect"}
    pylorus = [{"label": "ihps", "potins": [[9, 9], [30, 30]]}]
    precursor(root, "ihps", "1.2.3", seed=1, shapes=[abdomen, pylorus], clinic_info=shared)
    precursor(root, "normal", "1.2.4", seed=2, shapes=[abdomen], clinic_info=shared | {"age": "3세"})
    level = {"label": "air_fluid_level", "points": [[1, 1], [9, 9]]}
    unsure = {"age": None, "status": "supine erect"}
    precursor(root, "constipation", "1.2.5", seed=3, shapes=[abdomen, level], clinic_info=unsure)
    (root / "dcm" / "normal" / "1.2.6.dcm").write_bytes(b"no DICOM")
    return root


def test_the_precursor_release_gives_image_level_labels_and_no_mask(boxes: Path, tmp_path: Path) -> None:
    found = only(boxes.parent, tmp_path)
    rows = {Path(row.source).stem: row for row in found.rows}
    assert {stem: row.findings for stem, row in rows.items()} == {
        "1.2.3": (FindingLabel.PYLORIC_STENOSIS,),
        "1.2.4": (),
        "1.2.5": (FindingLabel.AIR_FLUID_LEVELS, FindingLabel.CONSTIPATION),
    }
    assert not any(row.mask for row in found.rows)
    assert [row.is_outlined for row in rows.values()].count(True) == 1
    assert (rows["1.2.3"].age_months, rows["1.2.4"].age_months, rows["1.2.5"].age_months) == (5, 36, None)
    assert rows["1.2.3"].view is View.ERECT
    assert rows["1.2.3"].bits == 16
    assert (rows["1.2.3"].row_spacing_mm or 0) > 0
    assert rows["1.2.3"].case == rows["1.2.4"].case != rows["1.2.5"].case  # one patient, two images
    assert causes(found, left_out=True) == {
        "fix/dcm/normal/1.2.6.dcm": "1.2.6.dcm is not a DICOM file, or a damaged one"
    }


def test_the_pixels_of_dicom_survive_but_no_identity_does(boxes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["import-aihub", str(boxes), "--out", str(out)])
    assert done.exit_code == 0, done.output
    row = next(row for row in read_manifest(out / "manifest.csv") if row.source.endswith("1.2.3.dcm"))
    image, _ = read_row(out, row)
    values = file_attenuation(boxes / "dcm/ihps/1.2.3.dcm")
    low, high = values.min(), values.max()
    np.testing.assert_allclose(image / 65535, (values - low) / (high - low), atol=1e-5)
    for path in (path for path in out.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(word in content for word in (b"Hong", b"HOSPITAL", b"P-0042")), path
    assert "P-0042" not in done.output


@pytest.mark.parametrize("damage", [b"US\x03\x00abc", b"ZZ\x00\x00\x02\x00\x00\x00ab"])
def test_a_damaged_header_is_left_out_and_not_quoted(boxes: Path, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "dcm" / "normal").mkdir(parents=True)
    whole = (boxes / "dcm/ihps/1.2.3.dcm").read_bytes()
    at = whole.index(b"\x28\x00\x10\x00US")  # Rows
    (tmp_path / "dcm" / "normal" / "1.dcm").write_bytes(whole[: at + 4] + damage)
    found = only(tmp_path)
    assert not found.rows
    assert "Hong" not in found.problems[0].cause


def test_a_set_too_small_to_be_split_says_so(tmp_path: Path) -> None:
    put(tmp_path / "Train", 1, 1, radiograph(1), [{"class": 1, "points": SQUARE}])
    found = only(tmp_path)
    assert "pneumoperitoneum in train" in report_text(found.rows, found.problems)
    write_manifest(tmp_path / "manifest.csv", found.rows)
    empty = next(split for split in Split if split is not found.rows[0].split)
    with pytest.raises(ManifestError, match="too few cases"):
        prepared_manifest(tmp_path / "manifest.csv", empty, 32, cache=tmp_path)


def test_boxes_alone_train_no_outlines_and_the_error_says_why(boxes: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    in_train = [row.model_copy(update={"split": Split.TRAIN}) for row in only(boxes).rows]
    write_manifest(manifest, in_train)
    with pytest.raises(ManifestError, match="image-level labels"):
        prepared_manifest(manifest, Split.TRAIN, 32, cache=tmp_path)


def test_an_unknown_layout_is_named_with_what_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.zip").write_bytes(b"x")
    with pytest.raises(LayoutError, match=r"pictures.*1 x \.zip.*Source_Data.*dcm/ihps.*Unpack"):
        find_entries(tmp_path)
    done = CliRunner().invoke(app, ["import-aihub", str(tmp_path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "Accepted:" in done.output


def test_a_class_folder_that_is_unknown_is_left_out_by_name(tmp_path: Path) -> None:
    put(tmp_path / "Train", 1, 1, radiograph(1), [])
    (tmp_path / "Train/Source_Data/6.Intussusception").mkdir()
    cv2.imwrite(str(tmp_path / "Train/Source_Data/6.Intussusception/6_1.png"), radiograph(2))
    entries, problems = find_entries(tmp_path)
    assert [entry.case for entry in entries] == ["1"]
    assert ["6.Intussusception" in problem.cause for problem in problems] == [True]


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "Train", 1, 1, radiograph(1), [{"class": 9, "points": SQUARE}])
    done = CliRunner().invoke(app, ["import-aihub", str(tmp_path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "class 9" in done.output
    assert not (tmp_path / "out" / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("5개월", 5),
        ("3세", 36),
        ("1세 6개월", 18),
        ("10일", 0),
        ("18M", 18),
        (4, 48),
        ("", None),
        (None, None),
    ],
)
def test_ages_are_read_in_months(age: object, expected: int | None) -> None:
    assert months(age) == expected


def test_views_and_names_are_read() -> None:
    assert [view_named(text) for text in ("Erect", "abdomen supine", "supine erect", None)] == [
        View.ERECT,
        View.SUPINE,
        View.UNKNOWN,
        View.UNKNOWN,
    ]
    assert finding_named("testis_shield") is None
    assert finding_named("Air_Fluid_Level") is FindingLabel.AIR_FLUID_LEVELS


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[1, 2]", "holds a list"),
        ('{"objects": []}', "no `shapes`; its keys are objects"),
        ('{"shapes": ["x"]}', "holds a str"),
        ('{"shapes": [{"class": 1, "points": [1, 2, 3]}]}', "odd count"),
        ('{"shapes": [{"class": 1, "points": [[NaN, 2], [3, 4], [5, 6]]}]}', "no number"),
        ('{"shapes": [{"class": 1, "points": "x"}]}', "points of a shape are a str"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_annotation_of_no_known_form_is_refused_by_name(text: str, match: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=match):
        read_annotation(path)


def test_a_manifest_that_contradicts_itself_is_refused_by_line(
    imported: tuple[Path, Result], tmp_path: Path
) -> None:
    rows = read_manifest(imported[0] / "manifest.csv")
    wrong = tmp_path / "manifest.csv"
    write_manifest(wrong, rows[:3])
    assert read_manifest(wrong) == rows[:3]
    wrong.write_text(wrong.read_text(encoding="utf-8").replace(rows[0].split.value, "tost"), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"line 2: split"):
        read_manifest(wrong)
    other = Row.model_validate(rows[0].model_dump() | {"mask": rows[-1].image})
    with pytest.raises(ManifestError, match="segments up to"):
        read_row(imported[0], other)


def test_a_recipe_names_one_source_of_radiographs() -> None:
    with pytest.raises(ValueError, match="not both"):
        DataPart(manifest=Path("m.csv"), train_folder=Path("a"), validation_folder=Path("b"))
    with pytest.raises(ValueError, match="go together"):
        DataPart(train_folder=Path("a"))
