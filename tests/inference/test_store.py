"""Packages are added whole or not at all, chosen by name, and checked."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from inference.duties import duties
from inference.models import CARD_FILE, DESCRIPTION_FILE, NETWORK_FILE, load_package, shipped_folder
from inference.store import ModelStore, package_sha256
from inference.view_package import shipped_view_folder
from study.errors import ModelError
from study.settings import Settings


@pytest.fixture
def store(tmp_path) -> ModelStore:
    return ModelStore.of(tmp_path / "home")


def _package(folder: Path, version: str = "9.1", **changed: object) -> Path:
    """Return a copy of the shipped package that says something else of itself."""
    shutil.copytree(shipped_folder(), folder)
    described = json.loads((folder / DESCRIPTION_FILE).read_text())
    (folder / DESCRIPTION_FILE).write_text(json.dumps({**described, "version": version, **changed}))
    return folder


def _zip(folder: Path, file: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for each in folder.iterdir():
            archive.write(each, f"{inside}{each.name}")
    return file


def test_without_any_choice_the_shipped_package_reads(store):
    assert store.package().folder == shipped_folder()
    assert [held.folder for held in store.list() if held.in_use] == [shipped_folder()]
    assert all(held.shipped for held in store.list())


@pytest.mark.parametrize("inside", ["", "kidray-next/"])
def test_a_package_comes_as_a_folder_or_a_zip_and_reads_once_it_is_chosen(inside, store, tmp_path):
    source = _zip(_package(tmp_path / "new"), tmp_path / "new.zip", inside)
    held = store.add(source)
    assert held.name == "kidray-unet-phantom-9.1"
    assert store.package().description.version != "9.1"
    store.use(held.name)
    assert store.package().description.version == "9.1"
    assert [h.name for h in store.list() if h.in_use] == [held.name]
    store.add(tmp_path / "new")  # the same again changes nothing
    assert len(store.list()) == 3


def test_a_damaged_package_is_not_added(store, tmp_path):
    new = _package(tmp_path / "new")
    (new / NETWORK_FILE).write_bytes(b"half a network")
    with pytest.raises(ModelError, match="damaged or was replaced"):
        store.add(new)
    assert all(held.shipped for held in store.list())
    assert not [f for f in store.root.iterdir() if f.is_dir()]


def test_another_package_of_the_same_name_and_version_is_refused(store, tmp_path):
    store.add(_package(tmp_path / "one"))
    other = _package(tmp_path / "two")
    network = other / NETWORK_FILE
    network.write_bytes(network.read_bytes() + b" ")
    described = json.loads((other / DESCRIPTION_FILE).read_text())
    from inference.models import file_sha256

    (other / DESCRIPTION_FILE).write_text(json.dumps({**described, "sha256": file_sha256(network)}))
    with pytest.raises(ModelError, match="give this one a version of its own"):
        store.add(other)


@pytest.mark.parametrize("name", ["../evil", "/evil", ".hidden", "a/b", ""])
def test_a_name_that_is_no_folder_name_is_refused(name, store, tmp_path):
    with pytest.raises(ModelError, match="name"):
        store.add(_package(tmp_path / "new", name=name))


def test_nothing_of_a_zip_lands_outside_its_folder(store, tmp_path):
    source = _zip(_package(tmp_path / "new"), tmp_path / "new.zip", "x/")
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("../../escaped.json", "{}")
        archive.writestr("x/run.py", "print('never kept')")
    held = store.add(source)
    assert not list(tmp_path.glob("**/run.py"))
    assert [f.parent for f in tmp_path.glob("**/escaped.json")] == [held.folder]


def test_a_zip_of_two_packages_is_refused(store, tmp_path):
    source = _zip(_package(tmp_path / "new"), tmp_path / "new.zip", "one/")
    with zipfile.ZipFile(source, "a") as archive:
        archive.write(tmp_path / "new" / CARD_FILE, f"two/{CARD_FILE}")
    with pytest.raises(ModelError, match="several packages"):
        store.add(source)


def test_what_is_no_package_is_refused_in_words(store, tmp_path):
    (tmp_path / "text").write_text("text")
    with pytest.raises(ModelError, match="neither a folder nor a ZIP"):
        store.add(tmp_path / "text")
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        store.add(tmp_path / "nothing")


def test_a_name_without_its_version_is_enough_where_one_package_has_it(store, tmp_path):
    store.add(_package(tmp_path / "a", name="other"))
    assert store.find("other").name == "other-9.1"
    store.add(_package(tmp_path / "b", "9.2", name="other"))
    with pytest.raises(ModelError, match=r"several models named other; there are: other-9\.1, other-9\.2"):
        store.find("other")
    with pytest.raises(ModelError, match="there is no model named nobody"):
        store.package("nobody")


def test_a_package_of_another_task_is_kept_but_cannot_be_chosen_to_find(store, tmp_path):
    folder = tmp_path / "view"
    folder.mkdir()
    shutil.copyfile(shipped_folder() / NETWORK_FILE, folder / NETWORK_FILE)
    sha256 = load_package().description.sha256
    described = {"name": "kidray-view", "version": "1", "task": "view", "sha256": sha256, "classes": ["x"]}
    (folder / DESCRIPTION_FILE).write_text(json.dumps(described))
    store.add(folder)
    with pytest.raises(ModelError, match="does another task"):
        store.use("kidray-view")


def test_a_package_that_cannot_be_read_hides_no_other(store, tmp_path):
    store.add(_package(tmp_path / "new"))
    broken = store.root / "broken"
    broken.mkdir()
    (broken / DESCRIPTION_FILE).write_text("{")
    assert len(store.list()) == 3


def test_the_hash_of_a_package_is_of_all_its_files(tmp_path):
    folder = _package(tmp_path / "new")
    before = package_sha256(folder)
    (folder / CARD_FILE).write_text("another card")
    assert package_sha256(folder) != before


def test_the_commands_add_choose_and_verify(tmp_path, monkeypatch):
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path / "home"))
    run = CliRunner()
    assert run.invoke(app, ["models", "add", str(_package(tmp_path / "new"))]).exit_code == 0
    used = run.invoke(app, ["models", "use", "kidray-unet-phantom-9.1"])
    assert "not for clinical use" in used.output
    listed = run.invoke(app, ["models", "list"]).output
    assert "kidray-unet-phantom-9.1" in listed
    rows = {line.split()[1]: line for line in listed.splitlines() if line.startswith("│ kidray")}
    assert " reads " in rows["kidray-unet-phantom-9.1"]
    assert "judges what is read" in rows["kidray-view-phantom-0.1.0"]
    shipped = next(
        line for name, line in rows.items() if name.startswith("kidray-unet") and "9.1" not in name
    )
    assert " reads " not in shipped
    verified = run.invoke(app, ["models", "verify", "kidray-unet-phantom-9.1"])
    assert verified.exit_code == 0, verified.output
    assert "every file agrees" in verified.output
    assert "golden image: right on ONNX Runtime" in verified.output


def test_the_list_says_what_the_settings_give_to_each_package(tmp_path):
    store = ModelStore.of(tmp_path / "home")
    added = store.add(_package(tmp_path / "new"))
    outside = _package(tmp_path / "outside", version="9.2")
    settings = Settings(
        home=tmp_path / "home",
        model=str(outside),
        view_model="none",
        models=[
            {"model": added.name, "calling_ae": ["NICU*", "ER"], "max_age_years": 0},
            {"model": "kidray-unet-phantom-9.1", "shadow": True},
            {"model": "nobody", "shadow": True},
        ],
    )
    given = duties(settings, store)
    assert given.by_folder == {
        outside.resolve(): ["reads"],
        added.folder.resolve(): ["reads, where calling_ae NICU*, ER; max_age_years 0", "shadows"],
    }
    (missing,) = given.missing
    assert missing.startswith("shadows: there is no model named nobody")
    assert duties(Settings(home=tmp_path / "other"), ModelStore.of(tmp_path / "other")).by_folder == {
        shipped_folder().resolve(): ["reads"],
        shipped_view_folder().resolve(): ["judges what is read"],
    }
