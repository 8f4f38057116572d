"""The model card: written from the package's description, never by hand."""

from __future__ import annotations

from typing import Any

from inference.models import CARD_FILE, ModelPackage
from study.findings import FINDINGS

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
    recipe = training["recipe"]
    count, seed = (
        metrics.get("test", {}).get(key, default) for key, default in (("phantoms", 300), ("seed", 0))
    )
    data, optimizer = recipe["data"], recipe["optimizer"]
    name = recipe["name"]
    phantoms = f"On {data['train']} synthetic phantoms, chosen on {data['validation']} others"
    return (
        "## How it was trained\n\n"
        f"{phantoms if drawn else 'On the train split of a data set, chosen on its validation split'}, "
        f"seed {recipe['seed']}; "
        f"AdamW at {optimizer['learning_rate']}, schedule {optimizer['schedule']}, batch {recipe['batch']}, "
        f"{recipe['precision']}, {training['epochs']} epochs, the first {recipe['half_size_epochs']} at half "
        f"size (best: {training['best_epoch']}, "
        f"validation Dice {training['validation_dice']}). No mirroring: left and right matter."
        + _changes(training["earlier_recipes"])
        + "\n\n"
        "```\n"
        f"kidray train --config training/configs/{name}.toml --out runs/{name}\n"
        f"kidray export --checkpoint runs/{name}/best.pt --out MODEL\n"
        f"kidray evaluate --model MODEL --count {count} --seed {seed}\n"
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
    if not metrics:
        return "## Test figures\n\nNot evaluated yet: run `kidray evaluate`."
    test = metrics["test"]
    lines = [
        "## Test figures",
        "",
        f"{test['phantoms']} phantoms from seeds that were never trained on, read the served way at detector "
        "size. Dice is per image, of the served mask, over the images that have the finding (a missed one "
        "counts 0); where it is absent, the model is scored as a detector. 95 % intervals: bootstrap over "
        "images for Dice, Wilson for the rest.",
        "",
        "| finding | Dice | sensitivity | specificity | AUROC |",
        "|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in figure_rows(metrics)]
    lines += ["", "| subgroup | phantoms | Dice | sensitivity | specificity |", "|---|---|---|---|---|"]
    for name, row in {**metrics["by_view"], **metrics["by_age"]}.items():
        lines.append(f"| {name} | {row['phantoms']} | {_row(row)} |")
    lines += [
        "",
        f"Soft Dice pooled over batches of {test['pooled_batch']}, background included, smoothed by 1, as "
        f"some publications print it: {metrics['batch_pooled_soft_dice']:.3f}. It is not comparable with "
        "the table.",
    ]
    return "\n".join(lines)


def figure_rows(metrics: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return name, Dice, sensitivity, specificity and AUROC of each finding, then of all four."""
    rows = []
    for label, definition in FINDINGS.items():
        figures = metrics["findings"][label.value]
        area = "none" if figures["auroc"] is None else f"{figures['auroc']:.3f}"
        rows.append((definition.name_en, *_intervals(figures), area))
    return [*rows, ("all four", *_intervals(metrics["all"]), "")]


def _intervals(row: dict[str, Any]) -> tuple[str, str, str]:
    return _interval(row["dice"]), _interval(row["sensitivity"]), _interval(row["specificity"])


def _row(row: dict[str, Any]) -> str:
    return " | ".join(_intervals(row))


def _interval(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return "none"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def _points(package: ModelPackage, *, drawn: bool) -> str:
    lines = ["## Operating points", "", "| finding | present from | indeterminate from |", "|---|---|---|"]
    for label, definition in FINDINGS.items():
        score = package.score(label)
        lines.append(
            f"| {definition.name_en} | {score.operating_point:.2f} | {score.indeterminate_from:.2f} |"
        )
    kind = "phantoms" if drawn else "radiographs"
    return "\n".join([*lines, "", f"Chosen on the validation {kind}, never on the test {kind}."])


def _limits() -> str:
    return (
        "## What it is not for\n\n"
        "No clinical use. Pyloric stenosis is diagnosed by ultrasound: a distended stomach on a radiograph "
        "is a hint at most. Phantoms hold one finding each and no tubes, operations, casts or contrast "
        "medium; whatever a phantom does not show, this model has not learnt. Their signs are rarely subtle, "
        "which is why nearly all are detected: expect far less of a radiograph."
    )
