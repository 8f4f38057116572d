"""The model packages of one installation: those that were added, the one that ships, and which is in use."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple

import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from inference.models import (
    DESCRIPTION_FILE,
    NETWORK_FILE,
    ModelPackage,
    file_sha256,
    load_package,
    shipped_folder,
)
from study.errors import ModelError

log = structlog.get_logger()

FOLDER = "models"  # of a home folder
IN_USE = "in-use"  # a file that holds the name of the package that `use` chose
SUFFIXES = frozenset({".json", ".onnx", ".safetensors", ".md", ".png", ".txt"})
LARGEST = 2 * 2**30  # bytes of a package, unpacked
MOST_FILES = 64


class Summary(BaseModel):
    """What every ``model.json`` states, whatever the model is for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    # Becomes a folder's name.
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$")]
    sha256: str
    disclaimer: str = ""
    task: str = "findings"


class Held(NamedTuple):
    """A package of the store.

    Attributes
    ----------
    name
        By which it is asked for: name and version.
    """

    name: str
    folder: Path
    summary: Summary
    shipped: bool
    in_use: bool


class ModelStore:
    """Packages under a folder, one folder each, beside those that ship.

    Parameters
    ----------
    root
        Made when something is added.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, home: Path) -> ModelStore:
        """Return the store of a home folder."""
        return cls(home / FOLDER)

    def list(self) -> list[Held]:
        """Return every package whose description can be read: those that ship, then by name and version."""
        chosen = self._chosen()
        added = sorted(self.root.glob(f"*/{DESCRIPTION_FILE}"))
        shipped = sorted(shipped_folder().parent.glob(f"*/{DESCRIPTION_FILE}"))
        held = []
        for path in (*shipped, *added):
            folder = path.parent
            try:
                summary = read_summary(folder)
            except ModelError as error:
                log.warning("model_package_unreadable", folder=folder.name, reason=str(error))
                continue
            name, is_shipped = f"{summary.name}-{summary.version}", path in shipped
            in_use = name == chosen if chosen else folder == shipped_folder()
            held.append(Held(name, folder, summary, is_shipped, in_use))
        return held

    def find(self, name: str) -> Held:
        """Return the package of that name; its version may be left out where there is only one.

        Raises
        ------
        ModelError
            If there is none, or several.
        """
        held = self.list()
        fits = [h for h in held if h.name == name] or [h for h in held if h.summary.name == name]
        if len({h.name for h in fits}) == 1:
            return fits[-1]  # what was added stands for what ships
        listed = ", ".join(sorted({h.name for h in (fits or held)}))
        problem = "there are several models named" if fits else "there is no model named"
        raise ModelError(f"{problem} {name}; there are: {listed}")

    def add(self, source: Path) -> Held:
        """Check a package, a folder or a ZIP of one, and copy it into the store whole or not at all.

        Raises
        ------
        ModelError
            If it is no package, is damaged, or another package has its name and version.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with _unpacked(source, self.root) as folder:
            summary = check_package(folder)
            name = f"{summary.name}-{summary.version}"
            target = self.root / name
            if target.exists():
                if read_summary(target).sha256 == summary.sha256:
                    return self.find(name)
                raise ModelError(f"another package is held as {name}; give this one a version of its own")
            folder.rename(target)
        return self.find(name)

    def use(self, name: str) -> Held:
        """Choose the package that reads what no `[[models]]` table gives to another."""
        held = self.find(name)
        if held.summary.task != "findings":
            raise ModelError(f"{held.name} does another task ({held.summary.task}) and finds nothing")
        load_package(held.folder)
        self.root.mkdir(parents=True, exist_ok=True)
        new = self.root / f".{IN_USE}"
        new.write_text(held.name + "\n", encoding="utf-8")
        new.replace(self.root / IN_USE)
        return held._replace(in_use=True)

    def package(self, asked: str | Path | None = None) -> ModelPackage:
        """Return a verified package: by folder or name, else the one in use, else the one that ships."""
        if asked is None:
            chosen = self._chosen()
            return load_package(self.find(chosen).folder if chosen else None)
        if Path(asked).is_dir():
            return load_package(Path(asked))
        if len(Path(asked).parts) > 1:
            raise ModelError(f"{asked} is not a folder; name a model package's folder or one that was added")
        return load_package(self.find(str(asked)).folder)

    def _chosen(self) -> str | None:
        try:
            return (self.root / IN_USE).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None


def read_summary(folder: Path) -> Summary:
    """Return what a package says of itself.

    Raises
    ------
    ModelError
        If its description is missing or malformed.
    """
    path = folder / DESCRIPTION_FILE
    try:
        return Summary.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model package: it has no {DESCRIPTION_FILE}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def check_package(folder: Path) -> Summary:
    """Return what a package says of itself, once its files agree with it.

    Raises
    ------
    ModelError
        If they do not.
    """
    summary = read_summary(folder)
    if summary.task == "findings":
        load_package(folder)
        return summary
    network = folder / NETWORK_FILE
    if not network.is_file() or file_sha256(network) != summary.sha256:
        raise ModelError(f"{network} is missing, damaged or was replaced; restore the package")
    return summary


def package_sha256(folder: Path) -> str:
    """Return one hash of all of a package's files and their names."""
    lines = [f"{file_sha256(f)}  {f.name}\n" for f in sorted(folder.iterdir()) if f.suffix in SUFFIXES]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@contextmanager
def _unpacked(source: Path, beside: Path) -> Iterator[Path]:
    """Yield a copy of a package's folder, or of what a ZIP holds of one, on the store's disk."""
    with tempfile.TemporaryDirectory(dir=beside, prefix=".incoming-") as temporary:
        folder = Path(temporary) / "package"
        folder.mkdir()
        try:
            if source.is_dir():
                _copy_folder(source, folder)
            else:
                _copy_zip(source, folder)
        except OSError as error:
            raise ModelError(f"{source} cannot be read: {error.strerror}") from error
        yield folder


def _copy_folder(source: Path, target: Path) -> None:
    files = [f for f in source.iterdir() if f.suffix in SUFFIXES and f.is_file() and not f.is_symlink()]
    _check_bounds(source, len(files), sum(f.stat().st_size for f in files))
    for file in files:
        shutil.copyfile(file, target / file.name)


def _copy_zip(source: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and _is_plain(m)]
            _check_bounds(source, len(members), sum(m.file_size for m in members))
            for member in members:  # by their last part alone, so that none leaves the folder
                with archive.open(member) as stream, (target / _last(member)).open("xb") as file:
                    shutil.copyfileobj(stream, file)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{source} is neither a folder nor a ZIP of a model package") from error
    except FileExistsError as error:
        raise ModelError(f"{source} holds several packages; add them one by one") from error


def _is_plain(member: zipfile.ZipInfo) -> bool:
    name, mode = PurePosixPath(member.filename), member.external_attr >> 16
    return name.suffix in SUFFIXES and not name.name.startswith(".") and not stat.S_ISLNK(mode)


def _last(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename).name


def _check_bounds(source: Path, files: int, size: int) -> None:
    if files > MOST_FILES or size > LARGEST:
        raise ModelError(f"{source} holds {files} files and {size >> 20} MiB, more than any model package")
