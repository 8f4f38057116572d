"""What each model package does in this installation, by its settings: reads, reads some, shadows, judges."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from inference.models import shipped_folder
from inference.store import ModelStore
from inference.view import NONE, SHIPPED
from inference.view_package import shipped_view_folder
from study.errors import ModelError
from study.rule import ModelChoice
from study.settings import Settings

READS, READS_IF, SHADOWS, JUDGES = "reads", "reads, where", "shadows", "judges what is read"


class Duties(NamedTuple):
    """What the settings give to each package.

    Attributes
    ----------
    by_folder
        What the package in a folder does, in the order of the settings.
    missing
        What the settings name and is not there, in a sentence each.
    """

    by_folder: dict[Path, list[str]]
    missing: list[str]


def duties(settings: Settings, store: ModelStore) -> Duties:
    """Return what each package does, as a worker that starts now would have it."""
    by_folder: dict[Path, list[str]] = defaultdict(list)
    missing: list[str] = []

    def give(asked: str | Path | None, duty: str, without_name: Path) -> None:
        try:
            by_folder[_folder(asked, store, without_name)].append(duty)
        except ModelError as error:
            missing.append(f"{duty}: {error}")

    give(settings.model, READS, _in_use(store))
    for table in settings.models:
        give(table.model, _said(table), shipped_folder())
    if settings.view_model != NONE:
        named = None if settings.view_model == SHIPPED else settings.view_model
        give(named, JUDGES, shipped_view_folder())
    return Duties(dict(by_folder), missing)


def _in_use(store: ModelStore) -> Path:
    return next((held.folder for held in store.list() if held.in_use), shipped_folder())


def _folder(asked: str | Path | None, store: ModelStore, without_name: Path) -> Path:
    if asked is None:
        return without_name.resolve()
    return (Path(asked) if Path(asked).is_dir() else store.find(str(asked)).folder).resolve()


def _said(table: ModelChoice) -> str:
    entries = table.model_dump(mode="json", exclude={"model", "shadow"}, exclude_defaults=True)
    conditions = "; ".join(
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in entries.items()
    )
    if table.shadow:
        return f"{SHADOWS}, where {conditions}" if conditions else SHADOWS
    return f"{READS_IF} {conditions}" if conditions else READS
