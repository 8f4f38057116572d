"""What `kidray models list`, `verify` and `compare` print."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from inference.duties import Duties, duties
from inference.golden import check_golden
from inference.models import QUANTISED_FILE, ModelPackage, load_package
from inference.openvino_runtime import is_installed
from inference.parity import Certificate, certificates
from inference.predict import Predictor
from inference.runtime import Precision
from inference.serving import Engine, Serving, open_runtime
from inference.shadow import FOLDER, Comparison, comparisons
from inference.store import Held, ModelStore, check_package, package_sha256, read_summary
from study.errors import ModelError
from study.findings import FINDINGS, FindingLabel
from study.model import Presence
from study.settings import Settings


def show_models(settings: Settings) -> None:
    """Print a table of every model package, with what each does by the settings."""
    store = ModelStore.of(settings.home)
    given = duties(settings, store)
    table = Table()
    for column in ("Model", "Task", "Does", "From", "Network", "May serve in", "Note"):
        table.add_column(column, overflow="fold")
    held = store.list()
    for each in (*held, *_elsewhere(given, held)):
        table.add_row(
            each.name,
            each.summary.task,
            "\n".join(given.by_folder.get(each.folder.resolve(), [])),
            _source(each, store),
            each.summary.sha256[:16],
            ", ".join(_precisions(each)),
            each.summary.disclaimer,
        )
    Console(width=None if os.isatty(1) else 180).print(table)
    for sentence in given.missing:
        print(f"not there: {sentence}")


def _elsewhere(given: Duties, held: Sequence[Held]) -> list[Held]:
    """Return packages that the settings name by a folder outside the store."""
    known = {each.folder.resolve() for each in held}
    found = []
    for folder in given.by_folder.keys() - known:
        summary = read_summary(folder)
        found.append(Held(f"{summary.name}-{summary.version}", folder, summary, shipped=False, in_use=False))
    return found


def _source(held: Held, store: ModelStore) -> str:
    if held.shipped:
        return "ships with Kidray"
    return "added" if held.folder.parent == store.root else "a folder of the settings"


def _precisions(held: Held) -> list[str]:
    if held.summary.task != "findings":
        return ["fp32"]
    certified = certificates(load_package(held.folder))
    return ["fp32", *(f"{c.precision} ({c.engine})" for c in certified if not c.shortfalls)]


def verify_model(home: Path, name: str) -> None:
    """Check a package and say what was checked.

    Raises
    ------
    ModelError
        If a file is damaged, or an engine does not answer as it should to the golden image.
    """
    held = ModelStore.of(home).find(name)
    check_package(held.folder)
    print(f"{held.name}: every file agrees with {held.folder / 'model.json'}")
    print(f"package SHA-256 {package_sha256(held.folder)}")
    if held.summary.task != "findings":
        return
    package = load_package(held.folder)
    if package.description.golden is None:
        print("golden image: the package has none")
    for engine in _engines():
        _check_engine(package, engine)
    for certificate in certificates(package):
        print(stated(certificate))


def show_comparison(home: Path, name: str) -> None:
    """Print how a shadow compares with each model that was shown.

    Raises
    ------
    ModelError
        If there is no such model, or nothing was compared with it yet.
    """
    store = ModelStore.of(home)
    held = store.find(name)
    lines = comparisons(store.root / FOLDER, held.name)
    for shown in sorted({(c.shown.name, c.shown.version, c.shown.sha256) for c in lines}):
        own = [c for c in lines if c.shown.sha256 == shown[2]]
        table = Table(
            "Finding", "Same decision", "Only the shown one", "Only the shadow", "Dice", "Probability"
        )
        for label, definition in FINDINGS.items():
            table.add_row(definition.name_en, *_agreement(own, label))
        print(
            f"{held.name} beside {shown[0]} {shown[1]}: {len(own)} radiographs of "
            f"{len({c.study_uid for c in own})} studies; the same label at "
            f"{np.mean([c.label_agreement for c in own]):.2%} of pixels; "
            f"{np.median([c.milliseconds for c in own]):.0f} ms each"
        )
        Console(width=None if os.isatty(1) else 140).print(table)


def _agreement(lines: list[Comparison], label: FindingLabel) -> tuple[str, ...]:
    """Return the cells of one finding: decisions, mean Dice where either has a mask, mean difference."""
    both = [c.findings[label] for c in lines if label in c.findings]
    if not both:
        return ("", "", "", "", "")
    present = Presence.PRESENT
    dice = [f.dice for f in both if f.dice is not None]
    return (
        f"{sum(f.shown is f.shadow for f in both)} of {len(both)}",
        str(sum(f.shown is present and f.shadow is not present for f in both)),
        str(sum(f.shadow is present and f.shown is not present for f in both)),
        f"{np.mean(dice):.3f} ({len(dice)})" if dice else "",
        f"{np.mean([f.shadow_probability - f.shown_probability for f in both]):+.3f}",
    )


def _engines() -> list[Engine]:
    return ["openvino", "onnxruntime"] if is_installed() else ["onnxruntime"]


def _check_engine(package: ModelPackage, engine: Engine) -> None:
    for precision in Precision:
        if precision is Precision.INT8 and not (package.folder / QUANTISED_FILE).is_file():
            continue
        try:
            runtime = open_runtime(package, Serving(engine=engine, precision=precision, threads=2))
        except ModelError as error:
            if precision is Precision.FP32:
                raise
            print(f"{engine} in {precision}: not here, as {error}")
            continue
        check_golden(Predictor(package, runtime=runtime))
        if package.description.golden is not None:
            print(f"golden image: right on {runtime.name} in {precision}")


def stated(certificate: Certificate) -> str:
    """Return what a certificate states, in one line."""
    verdict = "; ".join(certificate.shortfalls) or "may serve"
    return (
        f"{certificate.precision} on {certificate.engine}: {certificate.images} {certificate.set}, "
        f"labels agree {certificate.label_agreement:.2%}, "
        f"Dice {certificate.dice:.4f} against {certificate.dice_fp32:.4f}, of {certificate.decisions} "
        f"decisions {certificate.reversed} reversed, {certificate.bands_changed} moved to or from "
        f"indeterminate: {verdict}"
    )
