"""The model card: written from the package's description, never by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference.models import CARD_FILE, ModelPackage
from study.findings import FINDINGS
from training import figure_tables as tables
from training.document import markdown_table
from training.figure_tables import DEFINITIONS, FORMAT, parts_of, pooled_sentence
from training.unread_figures import unread_sentence

_DRAWN = (
    "It has seen no patient. Its figures say how well it reads drawings; "
    "they say nothing of how it would read children."
)
_GIVEN = (
    "The licence of those radiographs holds for these weights: have it reviewed by a lawyer before they "
    "leave your institution. Figures on phantoms say nothing of how it would read children."
)
_OTHER_LIMITS = (
    "## What it is not for\n\n"
    "No clinical use before an evaluation on patients of another hospital and a regulator's consent. Pyloric "
    "stenosis is diagnosed by ultrasound: a distended stomach on a radiograph is a hint at most."
)


def write_card(package: ModelPackage) -> None:
    """Write ``CARD.md`` into a model package."""
    (package.folder / CARD_FILE).write_text(card_text(package), encoding="utf-8")


def card_text(package: ModelPackage) -> str:
    """Return the model card of a package, as Markdown."""
    described = package.description
    data = described.training["recipe"]["data"]
    drawn = not data.get("manifest") and not data.get("train_folder")
    sections = [
        f"# {described.name} {described.version}",
        f"**{described.disclaimer}.** " + (_DRAWN if drawn else _GIVEN),
        _network(package),
        _training(described.training, described.metrics, drawn=drawn),
        _figures(described.metrics),
        _points(package, drawn=drawn),
        _limits() if drawn else _OTHER_LIMITS,
    ]
    return "\n\n".join(sections) + "\n"


def _network(package: ModelPackage) -> str:
    described = package.description
    return (
        "## What it is\n\n"
        f"{described.architecture}, first layer {described.width} channels, {described.depth} levels, "
        f"reading {described.size} x {described.size} pixels. It draws four segments: "
        + ", ".join(FINDINGS[label].segment_label.lower() for label in described.labels)
        + ". A logistic regression on the probability maps gives each finding one probability for the image."
        f"\n\nSHA-256 of the network: `{described.sha256}`"
    )


def _training(training: dict[str, Any], metrics: dict[str, Any], *, drawn: bool) -> str:
    recipe, processes = training["recipe"], training.get("processes", 1)
    count, seed = (
        metrics.get("test", {}).get(key, default) for key, default in (("phantoms", 300), ("seed", 0))
    )
    data, optimizer = recipe["data"], recipe["optimizer"]
    name = recipe["name"]
    source = f"--phantoms {count} --seed {seed}" if drawn else "--manifest MANIFEST"
    phantoms = f"On {data['train']} synthetic phantoms, chosen on {data['validation']} others"
    return (
        "## How it was trained\n\n"
        f"{phantoms if drawn else 'On the train split of a data set, chosen on its validation split'}, "
        f"seed {recipe['seed']}; "
        f"AdamW at {optimizer['learning_rate']}, schedule {optimizer['schedule']}, "
        f"batch {recipe['batch']}{f' in each of {processes} processes' if processes > 1 else ''}, "
        f"{recipe['precision']}, {training['epochs']} epochs, the first {recipe['half_size_epochs']} at half "
        f"size (best: {training['best_epoch']}, "
        f"validation Dice {training['validation_dice']}). No mirroring: left and right matter."
        + _changes(training["earlier_recipes"])
        + "\n\n"
        "```\n"
        f"kidray train --config training/configs/{name}.toml --out runs/{name}\n"
        f"kidray export --checkpoint runs/{name}/best.pt --out MODEL\n"
        f"kidray evaluate MODEL {source} --record\n"
        "```"
    )


def _changes(earlier: list[dict[str, Any]]) -> str:
    """Return what to know of a run whose recipe was changed while it was under way."""
    if not earlier:
        return ""
    parts = [
        f"until epoch {part['until_epoch']} for {part['recipe']['epochs']} epochs, "
        f"{part['recipe']['half_size_epochs']} of them at half size"
        for part in earlier
    ]
    return (
        f" The length was changed under way (planned {'; '.join(parts)}), each time with a new start of the "
        "cosine; the command below, run from the start, gives a similar network, not the same one."
    )


def _figures(metrics: dict[str, Any]) -> str:
    if metrics.get("format") != FORMAT:
        return "## Test figures\n\nNot evaluated yet: run `kidray evaluate --record`."
    sections = [_set_figures(part, 2 if number == 0 else 3) for number, part in enumerate(parts_of(metrics))]
    run = metrics["run"]
    ended = f"Evaluated on {run['date']} with {run['runtime']}. " + " ".join(DEFINITIONS[1:4])
    return "\n\n".join([*sections, ended])


def _set_figures(part: Mapping[str, Any], level: int) -> str:
    test = part["test"]
    title = "Test figures" if level == 2 else f"Test figures: {test['title']}"
    found = [
        f"{'#' * level} {title}",
        f"{test['description']} Read the served way.",
        markdown_table(tables.figure_table(part)),
    ]
    for make in (
        tables.comparison_table,
        tables.severity_table,
        tables.subgroup_table,
        tables.mimic_table,
    ):
        table = make(part)
        if table.rows:
            found.append(markdown_table(table))
    return "\n\n".join([*found, *filter(None, (unread_sentence(part), pooled_sentence(part)))])


def _points(package: ModelPackage, *, drawn: bool) -> str:
    scores = {label.value: package.score(label).model_dump() for label in FINDINGS}
    kind = "phantoms" if drawn else "radiographs"
    return (
        f"## Operating points\n\n{markdown_table(tables.point_table(scores))}\n\n"
        f"Chosen on the validation {kind}, never on the test {kind}, specificity at least 0.95 there."
    )


def _limits() -> str:
    return (
        "## What it is not for\n\n"
        "No clinical use. Pyloric stenosis is diagnosed by ultrasound: a distended stomach on a radiograph "
        "is a hint at most. Phantoms hold no operations, casts or contrast medium, and their tubes, "
        "leads and look-alikes are drawings too; what a phantom does not show, this model has not learnt. "
        "Expect far less of a radiograph."
    )
